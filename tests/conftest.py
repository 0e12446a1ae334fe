"""What holds in every test: one thread, checked shapes, settled random examples."""

from __future__ import annotations

import os
from pathlib import Path

_SOURCES = str(Path(__file__).parent.parent / "src")

for _variable in ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ.setdefault(_variable, "1")
os.environ["MPLBACKEND"] = "Agg"
os.environ["MECHGAP_CACHE"] = str(Path(__file__).parent.parent / ".pytest_cache" / "mechgap")
os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, (_SOURCES, os.environ.get("PYTHONPATH"))))

from hypothesis import HealthCheck, settings

import shapes

shapes.install("mechgap")

from mechgap.semantics import interpreter

interpreter.PATIENCE = float("inf")  # kernels are made where a test asks for them

settings.register_profile("dev", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, print_blob=True)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if "CI" in os.environ else "dev"))
