"""Moments of a step."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Moment:
    """When a unit is computed: the round, and the layer in it (layer 0 is the update of the round).

    Units of pairs have layers of their own, after those at the nodes.
    """

    round: int
    layer: int
