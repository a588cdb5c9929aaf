"""Hosts of a restored engine that are taken out of it and added again."""
