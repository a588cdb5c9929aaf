"""Timetables that somebody follows: when they come round, timers, crontab lines, their files."""
