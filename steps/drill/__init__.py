"""The practice site: real parts in a folder of their own, a scenario, faults, a score."""
