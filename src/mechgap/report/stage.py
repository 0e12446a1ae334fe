"""The last stage of an experiment: the page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..lab.experiment import Experiment, Stage
from .page import write_page

if TYPE_CHECKING:
    from ..lab.verification import Watch


def report(made: Experiment, watch: Watch) -> str:
    """Draw the figures and write the page."""
    return write_page(made, watch)


REPORT = Stage("report", ("report.html",), report)
