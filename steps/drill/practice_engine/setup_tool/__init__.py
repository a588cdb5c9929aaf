"""A simulated engine-setup, on a machine whose backup was restored. Reference, section 9. And
engine-cleanup."""
