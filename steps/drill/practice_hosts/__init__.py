"""Simulated hosts for a self-hosted engine: an SSH server each, and a small world behind them.

Nothing here is an oVirt host. The programs speak and fail as the reference on hosted-engine says.
"""
