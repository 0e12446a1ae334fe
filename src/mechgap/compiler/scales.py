"""The logits of a selection: how much an index, a key and a condition are worth, and what that resolves."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .formats import FLOAT32, NumberFormat
from .gadgets import power_above
from .ir import Fetch, Relation

UNDERFLOW = FLOAT32.underflow
"""exp(-x) is zero in float32 for x at least this."""

INDEX_STEP = 2.0**7
"""Logit between neighbouring indices: exp(-128) is zero in float32."""

REAL_STEP = 2.0**50
"""Logit for a difference of 1 between real keys that are not ordered by index as well."""

SPARE_BITS = 45
"""A refined key below R counts 2^45 / R indices per unit: an error of the average of four units in
the last place of R then stays below 2^23 indices, so that float32 still tells single indices apart."""


def key_step(fetch: Fetch, n: int) -> float:
    """Logit for a difference of 1 between keys."""
    if fetch.key is None:
        return 0.0
    if fetch.order is None:
        return REAL_STEP
    if fetch.key.whole:
        return INDEX_STEP * power_above(n - 1)
    return INDEX_STEP * 2.0**SPARE_BITS / power_above(fetch.high)


def order_range(fetch: Fetch, n: int) -> float:
    """Largest difference that keys and indices can make between the logits of two senders.

    The bounds of the key hold where the conditions do; its reach holds for every sender.
    """
    indices = INDEX_STEP * power_above(n - 1)
    reach = 0.0 if fetch.key is None else fetch.key.reach
    span = max(abs(fetch.low), abs(fetch.high), reach) + 1.0
    return indices + key_step(fetch, n) * 2.0 * span


def condition_cost(fetch: Fetch, n: int) -> float:
    """What a condition that does not hold costs: more than keys and indices can be worth.

    If everything is whole, it costs no more than that, so that logits stay exact and different.
    """
    if fetch.whole:
        reach = 0.0 if fetch.key is None else fetch.key.reach
        return INDEX_STEP * power_above(n - 1) * power_above(max(fetch.high, reach))
    return power_above(2.0 * order_range(fetch, n))


def condition_step(fetch: Fetch, n: int) -> float:
    """Scale of real conditions: as fine as float32 leaves room for."""
    reach = max([1.0, *(c.form.reach for c in fetch.conditions if not c.form.whole)])
    room = 2.0**120 / (condition_cost(fetch, n) * power_above(reach) * max(1, len(fetch.conditions)))
    return min(2.0**50, power_above(room) / 2.0)


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


def key_resolution(fetch: Fetch, n: int, number_format: NumberFormat = FLOAT32) -> float:
    """Smallest difference of real keys that a fetch tells apart; 0 if its keys are whole."""
    if fetch.key is None or fetch.key.whole:
        return 0.0
    gap = number_format.underflow if fetch.order is None else power_above(n - 1) * INDEX_STEP
    return gap / key_step(fetch, n)


def resolution(fetch: Fetch, n: int, number_format: NumberFormat = FLOAT32) -> float:
    """Smallest difference of real keys, or of compared real numbers, that a fetch tells apart."""
    found = key_resolution(fetch, n, number_format)
    if any(not c.form.whole and c.relation is not Relation.TRUE for c in fetch.conditions):
        found = max(found, 1.0 / condition_step(fetch, n))
    return found


@dataclass(frozen=True)
class Logits:
    """What the logits of a family of networks need and can tell.

    Attributes:
        reach: a fetch, and the largest number of nodes -> the largest whole number in its logits, in
            steps of one index.
        resolution: a fetch, that number and a format of numbers -> the smallest difference of real
            numbers that the fetch tells apart.
    """

    reach: Callable[[Fetch, int], float]
    resolution: Callable[[Fetch, int, NumberFormat], float]


HIDDEN_LAYER_LOGITS = Logits(fetch_reach, resolution)
"""Logits that a layer of units makes, as in GATv2."""
