"""Restoring a self-hosted engine from a backup: interview, conflicts, the whole plan, its proof."""
