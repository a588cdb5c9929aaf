"""Restoring the engine on its own machine: archive, databases, engine-backup, engine-setup."""
