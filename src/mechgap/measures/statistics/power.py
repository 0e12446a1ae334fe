"""What an experiment can find at all: detectable correlations and differences, power of equivalence."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import optimize, stats

from ...errors import MechgapError
from ..bootstrap import Floats
from .correlation import Kind, standard_error
from .equivalence import ALPHA
from .findings import plain, positive

POWER = 0.8
STRATA = 4000
"""Equally likely values of a sample variance over which the power of an equivalence test is averaged."""


@dataclass(frozen=True)
class Detectable:
    """The smallest effect that an experiment finds.

    Attributes:
        name: of the effect.
        significant: the smallest observed effect with p below alpha.
        detectable: the smallest true effect that gives such a p with the stated power.
        n: number of units (in each arm).
        unit: what is independent of each other.
        power, alpha: of the test, which is two-sided.
    """

    name: str
    significant: float
    detectable: float
    n: int
    unit: str
    power: float = POWER
    alpha: float = ALPHA

    def to_json(self) -> dict[str, Any]:
        """The statement as plain data."""
        return plain(self)

    def __str__(self) -> str:
        return (
            f"{self.name}: {self.detectable:.3f} found with power {self.power:g}, "
            f"from {self.significant:.3f} on p<{self.alpha:g} (n={self.n} {self.unit}s)"
        )


@dataclass(frozen=True)
class EquivalencePower:
    """How likely an equivalence test decides for equivalence.

    Attributes:
        power: the probability.
        n: seeds in each arm, or pairs.
        unit: what is independent of each other.
        sd: standard deviation of seeds in an arm, or of the differences of pairs.
        margin: of the test.
        true: the true difference.
        paired: whether the arms are.
        alpha: level of each of the two tests.
    """

    power: float
    n: int
    unit: str
    sd: float
    margin: float
    true: float
    paired: bool
    alpha: float = ALPHA

    def to_json(self) -> dict[str, Any]:
        """The statement as plain data."""
        return plain(self)

    def __str__(self) -> str:
        count = f"{self.n} pairs of {self.unit}s" if self.paired else f"n={self.n} {self.unit}s in each arm"
        return (
            f"power {self.power:.3f} to show equivalence within ±{self.margin:g} "
            f"({count}, sd {self.sd:g}, true difference {self.true:g})"
        )


def detectable_correlation(
    n: int, kind: Kind = "spearman", power: float = POWER, unit: str = "seed"
) -> Detectable:
    """The smallest |ρ| that n independent points tell from 0 at p < 0.05, two-sided.

    Observed: from Student's t with n - 2 degrees of freedom. True: from Fisher's z.

    Args:
        n: number of points, 4 or more.
        kind: of the correlation.
        power: that a true correlation shall be found with.
        unit: what a point is.

    Raises:
        MechgapError: if n or the power is out of range.
    """
    _enough(n, 4, "correlation")
    _probability(power)
    t = float(stats.t.ppf(1 - ALPHA / 2, n - 2))
    distance = float(stats.norm.ppf(1 - ALPHA / 2) + stats.norm.ppf(power))

    def excess(z: float) -> float:
        return z - distance * standard_error(math.tanh(z), n, kind)

    found = math.tanh(optimize.brentq(excess, 0.0, 2 * distance))
    return Detectable(f"|{kind} correlation|", t / math.sqrt(n - 2 + t * t), found, n, unit, power)


def detectable_difference(n: int, sd: float, *, paired: bool = False, power: float = POWER) -> Detectable:
    """The smallest difference of means that a two-sided t test at p < 0.05 tells from 0.

    Arms are of the same size and spread.

    Args:
        n: seeds in each arm, or pairs; 2 or more.
        sd: standard deviation of seeds in an arm, or of the differences of pairs.
        paired: whether the arms are.
        power: that a true difference shall be found with.

    Raises:
        MechgapError: if n, sd or the power is out of range.
    """
    _enough(n, 2, "difference")
    _probability(power)
    error, freedom = _error(n, positive(sd, "power of a difference", "sd"), paired)
    t = float(stats.t.ppf(1 - ALPHA / 2, freedom))
    bars = t * _estimates(freedom)

    def excess(shift: float) -> float:
        found = stats.norm.sf(bars - shift) + stats.norm.cdf(-bars - shift)
        return float(found.mean()) - power

    shift = optimize.brentq(excess, 0.0, 3 * t + 10.0)
    name = "difference of pairs" if paired else "difference of arms"
    return Detectable(name, t * error, float(shift) * error, n, "seed", power)


def equivalence_power(
    n: int, sd: float, margin: float, *, true: float = 0.0, paired: bool = False
) -> EquivalencePower:
    """The probability that the two one-sided tests with a margin both come out below 0.05.

    Given the sample variance, the tests decide by a normal mean; that is averaged over the distribution
    of the variance (Phillips, 1990), for arms of the same size and spread.

    Args:
        n: seeds in each arm, or pairs; 2 or more.
        sd: standard deviation of seeds in an arm, or of the differences of pairs.
        margin: of the test.
        true: the true difference.
        paired: whether the arms are.

    Raises:
        MechgapError: if n, sd or the margin is out of range.
    """
    _enough(n, 2, "equivalence")
    where = "power of an equivalence test"
    error, freedom = _error(n, positive(sd, where, "sd"), paired)
    positive(margin, where, "margin")
    room = margin - float(stats.t.ppf(1 - ALPHA, freedom)) * error * _estimates(freedom)
    inside = stats.norm.cdf((room - true) / error) - stats.norm.cdf((-room - true) / error)
    chance = float(np.where(room > 0, inside, 0.0).mean())
    return EquivalencePower(chance, n, "seed", sd, margin, true, paired)


def _error(n: int, sd: float, paired: bool) -> tuple[float, int]:
    """The standard error of the difference, and its degrees of freedom."""
    return (sd / math.sqrt(n), n - 1) if paired else (sd * math.sqrt(2 / n), 2 * n - 2)


def _estimates(freedom: int) -> Floats:
    """[S], equally likely ratios of an estimated standard error to the true one."""
    levels = (np.arange(STRATA) + 0.5) / STRATA
    return np.asarray(np.sqrt(stats.chi2.ppf(levels, freedom) / freedom), dtype=np.float64)


def _enough(n: int, least: int, what: str) -> None:
    if n < least:
        raise MechgapError(f"power of a {what}", f"n = {n}", f"{least} or more", "plan more seeds")


def _probability(power: float) -> None:
    if not ALPHA < power < 1:
        raise MechgapError("power", f"{power}", f"a number between {ALPHA:g} and 1", "choose 0.8, say")
