"""Property tests do not judge by the clock: the machine may be busy."""

from hypothesis import HealthCheck, settings

settings.register_profile("review", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("review")
