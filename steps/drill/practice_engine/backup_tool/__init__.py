"""A simulated engine-backup: its options, its words, its archives. Facts: the reference on it."""
