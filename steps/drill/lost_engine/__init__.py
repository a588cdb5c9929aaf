"""The drills of a lost engine: its host died with it, and a backup lies elsewhere."""
