"""An archive of engine-backup, read as a stream: what is in it, and what restoring it will do."""
