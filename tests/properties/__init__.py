"""What must hold for every spec, tried on many that a generator makes up."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "kgen",
    derandomize=True,  # the same specs on every machine
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
settings.load_profile("kgen")
