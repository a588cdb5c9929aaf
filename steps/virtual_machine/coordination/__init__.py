"""The control side: orders written into the directory, and what became of them."""
