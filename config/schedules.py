"""Who follows a timetable on a host, and where its files lie: words that interviews share."""

from __future__ import annotations

from typing import Final

TIMER, CRON, UNINSTALL = "timer", "cron", "uninstall"

SYSTEMD_FOLDER: Final = "/etc/systemd/system"
CRON_FOLDER: Final = "/etc/cron.d"

HERE: Final = "this host"
"""Where this program runs; every other place is a host of the site file."""
