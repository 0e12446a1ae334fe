"""What is promised of a compiled network, and for which inputs."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from .formats import FLOAT32, NumberFormat
from .gadgets import LARGEST_REAL, TooLarge, power_above
from .ir import Atom, Fetch, Unit
from .layout import RoundPlan
from .message_ir import TripleUnit
from .pair_ir import PairUnit
from .scales import INDEX_STEP, condition_cost, resolution

UNITS = (Unit, PairUnit, TripleUnit)


@dataclass(frozen=True)
class Bound:
    """The range of a scalar within which a network is exact."""

    low: float
    high: float


@dataclass(frozen=True)
class Certificate:
    """For which inputs a compiled network is exact in float32, and what it costs.

    Masks, pointers and categories are bit-equal to the interpreter's float32 run, and so are
    scalars, for every graph of at most ``n`` nodes whose scalars stay in ``ranges``, as long as real
    numbers that are compared with each other are equal or differ by at least ``resolution``.

    Attributes:
        program: name of the program.
        digest: of the program's text.
        target: network family.
        n: largest number of nodes.
        ranges: scalar variable or input -> range of its values, in units.
        rounds: attention rounds per step.
        prologue: attention rounds that make the first frame.
        heads: attention heads of all rounds of a step.
        depth: layers of all rounds of a step.
        hidden: width of the hidden vector.
        parameters: number of parameters.
        nonzero: number of parameters that are not zero.
        largest_whole: largest whole number that any sum can reach; float32 is exact up to 2^24.
        margin: the tightest selection: smallest logit gap between the attended and any other
            sender, over the gap at which the other's weight is zero in float32; at least 1. 0 if
            nothing is attended: maxima are exact.
        resolution: smallest difference of real keys or compared real numbers that is told apart;
            keys that differ by less go by index. 0 if the program compares no real numbers.
        conditions: what else must hold, in words.
        negative_slope: slope of the attention's leaky ReLU below zero (CLRS has 0.01).
        pairs: width of the vectors at pairs; 0 if the program has no state on edges.
    """

    program: str
    digest: str
    target: str
    n: int
    ranges: Mapping[str, Bound]
    rounds: int
    prologue: int
    heads: int
    depth: int
    hidden: int
    parameters: int
    nonzero: int
    largest_whole: float
    margin: float
    resolution: float
    conditions: tuple[str, ...]
    negative_slope: float
    pairs: int = 0

    def to_json(self) -> dict[str, Any]:
        """The certificate as plain data."""
        data = asdict(self)
        data["conditions"] = list(self.conditions)
        return data

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Certificate:
        """The certificate that ``to_json`` wrote."""
        ranges = {name: Bound(**bound) for name, bound in data["ranges"].items()}
        return cls(**{**data, "ranges": ranges, "conditions": tuple(data["conditions"])})


@dataclass(frozen=True)
class Analysis:
    """Numerical facts of a compiled step.

    Attributes:
        largest_whole: largest whole number in any sum.
        margin: see Certificate.
        resolution: see Certificate.
    """

    largest_whole: float
    margin: float
    resolution: float


def analyse(rounds: Iterable[RoundPlan], n: int, where: str) -> Analysis:
    """Check that every sum of whole numbers and every selection is exact.

    Args:
        rounds: all rounds, of the start and of the step.
        n: largest number of nodes.
        where: named in refusals.

    Raises:
        TooLarge: if whole numbers may leave the range in which float32 is exact.
    """
    found = measure(rounds, n, FLOAT32)
    if found.largest_whole > FLOAT32.exact:
        raise TooLarge(
            where,
            f"whole numbers up to {found.largest_whole:g} at n = {n}",
            f"at most 2^24 = {FLOAT32.exact:g}, beyond which float32 is not exact",
            "declare smaller bounds (high=…), or compile for a smaller n",
        )
    return found


def measure(rounds: Iterable[RoundPlan], n: int, number_format: NumberFormat) -> Analysis:
    """The numerical facts of a compiled program in a format of numbers, exact or not.

    Args:
        rounds: all rounds, of the start and of the step.
        n: largest number of nodes.
        number_format: in which the network runs.
    """
    rounds = tuple(rounds)
    fetches = [fetch for round in rounds for fetch in round.fetches]
    layers = [layer for r in rounds for layer in (r.update, *r.layers, *r.pairs, *r.triples)]
    units = [atom for layer in layers for atom in layer]
    sums = [r.messages.sums for r in rounds if r.messages]
    whole = [_reach(atom) for atom in units] + [fetch_reach(fetch, n) for fetch in fetches]
    whole += [form.summed for forms in sums for form in forms if form.whole]
    sharp = [atom.form for atom in units if isinstance(atom, UNITS) and atom.high > LARGEST_REAL]
    compared = [1.0 / max(abs(c) for _, c in form.terms) for form in sharp]
    told = [resolution(fetch, n, number_format) for fetch in fetches]
    margin = INDEX_STEP / number_format.underflow if fetches else 0.0
    return Analysis(max([0.0, *whole]), margin, max([0.0, *compared, *told]))


def _reach(atom: Atom) -> float:
    if isinstance(atom, UNITS) and atom.form.whole:
        return atom.form.summed
    return atom.high if atom.whole and math.isfinite(atom.high) else 0.0


def fetch_reach(fetch: Fetch, n: int) -> float:
    """Largest whole number, in steps of one index, that orders the senders of a fetch."""
    keys = 1.0
    if fetch.key is not None and fetch.order is not None and fetch.key.whole:
        keys = (fetch.high if fetch.cut else max(fetch.high, fetch.key.reach)) + 1.0
    conditions = [c.form.reach for c in fetch.conditions if c.form.whole]
    reach = max([keys * power_above(n - 1), *conditions])
    if fetch.notes.checked and fetch.whole and not fetch.plain:
        reach = (sum(conditions) + 1.0) * condition_cost(fetch, n) / INDEX_STEP + keys * power_above(n - 1)
    return reach
