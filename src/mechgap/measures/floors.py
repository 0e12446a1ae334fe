"""What a figure is worth: the same measure on exact, tie-varied, untrained and other trained networks."""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from ..nets.network import Network
from .bootstrap import Clusters
from .claims import claim
from .score import Plain, Score, over_seeds
from .subject import Measured

LEAST = 1e-9
"""Below this distance between random and exact a measure cannot be normalised."""

TOLERANCE = 1e-6
"""How far exact realisations may be from the ideal, in units of untrained ones if these are larger than 1.

Measures that fit something claim a larger one."""


@dataclass(frozen=True)
class References:
    """The networks whose figures stand beside those of a subject.

    Attributes:
        exact: the compiled network of the program; its attention is the reference of the strict measures.
        ties: other exact realisations by name (another tie rule, another temperature).
        random: how many untrained networks, of different seeds.
        peers: other trained networks by name, for the seed-to-seed distance.
        untrained: makes an untrained network of a seed; by default one of the subject's own shape, if
            it is a network of this package. Of others there is none without it.
        orbit: exact realisations by name that differ in all that the algorithm leaves free; a measure on
            which they are not ideal is not calibrated.
    """

    exact: Measured | None = None
    ties: Mapping[str, Measured] = field(default_factory=dict)
    random: int = 3
    peers: Mapping[str, Measured] = field(default_factory=dict)
    untrained: Callable[[int], Measured] | None = None
    orbit: Mapping[str, Measured] = field(default_factory=dict)

    def floor(self, subject: Measured, seed: int) -> list[Measured]:
        """The untrained networks that stand beside a subject.

        Args:
            subject: what is measured.
            seed: of the measurement; no two measurements share a network.
        """
        start = 1 + seed * self.random
        seeds = range(start, start + self.random)
        if self.untrained is not None:
            return [self.untrained(each) for each in seeds]
        if isinstance(subject, Network):
            return [Network(subject.config, seed=each).to(subject.device) for each in seeds]
        return []


@dataclass(frozen=True)
class Row:
    """One measure of a subject with what it is worth.

    Attributes:
        score: the subject's figure.
        exact: that of the compiled network.
        ties: those of other exact realisations.
        random: mean over untrained networks; the unit is the seed.
        random_high: upper end of the widest interval of a single untrained network.
        peers: those of other trained networks.
        inert: that of a subject in which no exchange has any effect (interventions only).
        orbit: those of random exact realisations.
        tolerance: by how much exact realisations may miss the ideal (``claims``).
    """

    score: Score
    exact: Score | None
    ties: dict[str, Score]
    random: Score | None
    random_high: float
    peers: dict[str, Score]
    inert: Score | None = None
    orbit: dict[str, Score] = field(default_factory=dict)
    tolerance: float = TOLERANCE

    @property
    def anchor(self) -> float:
        """What exact realisations score: the median over the compiled network and the orbit, or the ideal."""
        known = [s.value for s in self._controls]
        return statistics.median(known) if known else self.score.ideal

    @property
    def fault(self) -> str:
        """Which control the measure fails; empty if none, or if exact realisations may score anything."""
        ideal = self.score.ideal
        if math.isnan(ideal):
            return ""
        scale = 1.0 if self.random is None else max(1.0, abs(self.random.value - ideal))
        off = max((abs(s.value - ideal) for s in self._controls), default=0.0)
        if off > self.tolerance * scale:
            return f"exact realisations are up to {off:.3g} from the ideal"
        if self.random is not None and self.random.low <= self.anchor <= self.random.high:
            return "untrained networks are not told from exact ones"
        return ""

    @property
    def calibrated(self) -> bool:
        """Whether exact realisations are ideal and untrained networks are not; else there is no gap."""
        return not self.fault

    @property
    def _controls(self) -> list[Score]:
        scores = ([] if self.exact is None else [self.exact]) + list(self.orbit.values())
        return [s for s in scores if s.known]

    @property
    def gap(self) -> Score | None:
        """The normalised gap (m - exact) / (random - exact): 0 is exact, 1 is untrained.

        Exact is the anchor. The interval is that of the subject alone; the references are taken as they
        are. None where the measure fails a control, or exact ones may score anything.
        """
        if self.random is None or not self.score.known or math.isnan(self.score.ideal) or self.fault:
            return None
        anchor = self.anchor
        scale = self.random.value - anchor
        if math.isnan(scale) or abs(scale) < LEAST:
            return None
        bounds = (self.score.low, self.score.high)
        low, high = sorted((bound - anchor) / scale + 0.0 for bound in bounds)
        return replace(
            self.score,
            name=f"gap of {self.score.name}",
            value=(self.score.value - anchor) / scale + 0.0,
            low=low,
            high=high,
            ideal=0.0,
            note="0 is exact, 1 is untrained; references taken as they are",
            clusters=_moved(self.score.clusters, anchor, scale),
        )

    def to_json(self) -> Plain:
        """The row as plain data."""
        return {
            **self.score.to_json(),
            "exact": _json(self.exact),
            "ties": {name: s.to_json() for name, s in self.ties.items()},
            "random": _json(self.random),
            "random_high": None if math.isnan(self.random_high) else self.random_high,
            "peers": {name: s.to_json() for name, s in self.peers.items()},
            "inert": _json(self.inert),
            "orbit": {name: s.to_json() for name, s in self.orbit.items()},
            "calibrated": self.calibrated,
            "fault": self.fault,
            "gap": _json(self.gap),
        }


Scores = Mapping[str, Score]


@dataclass(frozen=True)
class Floors:
    """The scores of the references, by the name of the measure.

    Attributes:
        exact, ties, random, peers, orbit: as in ``References``.
        inert: of a subject that answers rightly and in which no exchange has any effect.
    """

    exact: Scores
    ties: Mapping[str, Scores]
    random: Sequence[Scores]
    peers: Mapping[str, Scores]
    inert: Scores
    orbit: Mapping[str, Scores] = field(default_factory=dict)

    def beside(self, key: str, value: Score) -> Row:
        """One measure of a subject with those of the references."""
        known = [scores[key] for scores in self.random if key in scores and scores[key].known]
        return Row(
            value,
            self.exact.get(key),
            {name: scores[key] for name, scores in self.ties.items() if key in scores},
            over_seeds(known) if known else None,
            max((s.high for s in known), default=float("nan")),
            {name: scores[key] for name, scores in self.peers.items() if key in scores},
            self.inert.get(key),
            {name: scores[key] for name, scores in self.orbit.items() if key in scores},
            claim(key).tolerance,
        )


def _moved(clusters: Clusters | None, anchor: float, scale: float) -> Clusters | None:
    """The sums behind a measure as those behind its gap."""
    if clusters is None:
        return None
    return Clusters((clusters.numerator - anchor * clusters.denominator) / scale, clusters.denominator)


def _json(score: Score | None) -> Plain | None:
    return None if score is None else score.to_json()
