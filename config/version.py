"""The version, as a constant: reading it must cost nothing."""

__version__ = "0.1.0"
