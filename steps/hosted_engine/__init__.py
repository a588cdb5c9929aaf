"""The oVirt self-hosted engine: its backups, its restore, its hosts."""
