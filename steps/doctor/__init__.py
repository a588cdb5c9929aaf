"""What is installed, reachable and usable; every finding with its remedy."""
