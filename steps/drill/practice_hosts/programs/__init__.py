"""The programs of a practice host: simulated, and run on it by its real shell."""
