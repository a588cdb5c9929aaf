"""The backup of a self-hosted engine: a host made ready, engine-backup, a copy elsewhere."""
