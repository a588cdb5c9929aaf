"""oVirt self-hosted engine."""
