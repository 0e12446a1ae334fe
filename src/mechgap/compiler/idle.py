"""Where nodes attend whose choice does not matter: a freedom of compiled networks."""

from __future__ import annotations

from collections.abc import Callable

from ..nets.network import Network
from .formats import FLOAT32
from .gadgets import power_above
from .ir import Fetch, Relation
from .passes import Compiled
from .scales import INDEX_STEP, condition_cost, order_range
from .targets import gatv2

HIGHEST_PRICE = 4
LARGEST_LOGIT = 2.0**120
Draw = Callable[[int, int], list[int]]
"""So many whole numbers, from 1 to a highest."""


def redirected(compiled: Compiled, draw: Draw) -> tuple[Network, int]:
    """A network in which nodes whose choice does not matter attend others.

    A node for which no sender fulfils the conditions of a head attends one that fails the cheapest of
    them, and what it copies has no effect. Here each condition gets a price of its own. Where a sender
    fulfils all conditions, nothing changes: it still costs nothing, and others still cost too much.

    Args:
        compiled: for GATv2.
        draw: of the prices.

    Returns:
        The network, and how many heads have got prices.
    """
    priced: dict[int, tuple[float, ...]] = {}

    def prices(fetch: Fetch) -> tuple[float, ...]:
        if id(fetch) not in priced:
            count = sum(condition.relation is Relation.TRUE for condition in fetch.conditions)
            drawn = tuple(map(float, draw(count, HIGHEST_PRICE))) if count > 1 else ()
            exact = len(set(drawn)) > 1 and is_exact(fetch, compiled.plan.n, drawn)
            priced[id(fetch)] = drawn if exact else ()
        return priced[id(fetch)]

    network = gatv2.emit(compiled.plan, prices)
    return network, sum(bool(found) for found in priced.values())


def is_exact(fetch: Fetch, n: int, prices: tuple[float, ...]) -> bool:
    """Whether logits with these prices are what they must be in float32.

    Where a node must attend a single sender even if none fulfils the conditions, logits must be different
    whole numbers of index steps; otherwise they must be finite.
    """
    cost = condition_cost(fetch, n)
    others = [c.form.reach for c in fetch.conditions if c.relation is not Relation.TRUE and c.form.whole]
    if fetch.notes.checked and fetch.whole and not fetch.plain:
        keys = order_range(fetch, n) / INDEX_STEP + power_above(n - 1)
        return (sum(prices) + sum(others) + 1.0) * cost / INDEX_STEP + keys <= FLOAT32.exact
    return (sum(prices) + sum(others) + 1.0) * cost <= LARGEST_LOGIT
