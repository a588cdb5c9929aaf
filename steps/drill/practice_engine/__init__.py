"""A practice engine: an HTTPS server that answers as an oVirt engine does. It is simulated."""
