"""What every measure claims: to what it is blind, and what it reads. Controls hold measures to it."""

from __future__ import annotations

from dataclasses import dataclass
from fnmatch import fnmatchcase


@dataclass(frozen=True)
class Claim:
    """What rows of a panel claim.

    Attributes:
        rows: their names; * stands for anything.
        reads: what the figure is computed from: "answers", "decoder" (hints that the network says),
            "attention", or "states" (vectors of nodes, and what follows from changing them).
        strict: whether the figure moves with what a program leaves free: ties, and the sharpness of
            attention. Others are class-aware: every exact realisation has the ideal figure.
        tolerance: by how much an exact realisation may miss the ideal, for measures that fit something.
    """

    rows: str
    reads: str
    strict: bool = False
    tolerance: float = 1e-6


CLAIMS = (
    Claim("behaviour/*accuracy*", "answers", strict=True),
    Claim("behaviour/*", "answers"),
    Claim("trace/*", "decoder"),
    Claim("probe/*", "states", tolerance=0.02),
    Claim("routing/norm", "attention", strict=True),
    Claim("routing/jsd/*", "attention", strict=True),
    Claim("routing/*", "attention"),
    Claim("intervention/*", "states"),
)
"""The first that fits a row holds for it. Rows without one must be class-aware and read states."""


def claim(row: str) -> Claim:
    """The claim of a row of a panel, by its name."""
    for each in CLAIMS:
        if fnmatchcase(row, each.rows):
            return each
    return Claim(row, "states")
