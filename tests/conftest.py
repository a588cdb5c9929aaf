"""For every test: invented input is judged by what happens, not by how busy the host is."""

from hypothesis import HealthCheck, settings

settings.register_profile("busy host", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("busy host")
