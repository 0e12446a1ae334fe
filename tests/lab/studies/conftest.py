"""A study that is done in seconds, to be changed at will."""

from __future__ import annotations

from typing import Any

import pytest

from lab.studies.cases import SMALL


@pytest.fixture
def small() -> dict[str, Any]:
    """The tables of a small study's file, to be changed at will."""
    return {name: value.copy() if isinstance(value, (list, dict)) else value for name, value in SMALL.items()}
