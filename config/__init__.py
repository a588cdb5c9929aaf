"""What the operator decides. Imports nothing of ours and does no I/O but its own files."""
