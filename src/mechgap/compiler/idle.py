"""Where nodes attend whose choice does not matter: a freedom of compiled networks."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..nets.network import Network
from .formats import FLOAT32
from .gadgets import power_above
from .ir import Fetch, Relation
from .passes import Compiled
from .scales import INDEX_STEP, condition_cost, order_range
from .targets import attention, dot_products, gatv2, transformer
from .targets.filling import Plan
from .targets.round_emitter import Prices

HIGHEST_PRICE = 4
LARGEST_LOGIT = 2.0**120
TARGETS: Mapping[str, tuple[Callable[[Plan, Prices], Network], Callable[[Fetch], int]]] = {
    "gatv2": (gatv2.emit, attention.priced),
    "transformer": (transformer.emit, dot_products.priced),
}
"""The families that attend: how they are emitted with prices, and how many conditions have one."""
Draw = Callable[[int, int], list[int]]
"""So many whole numbers, from 1 to a highest."""


def redirected(compiled: Compiled, draw: Draw) -> tuple[Network, int]:
    """A network in which nodes whose choice does not matter attend others.

    A node for which no sender fulfils the conditions of a head attends one that fails the cheapest of
    them, and what it copies has no effect. Here each condition gets a price of its own. Where a sender
    fulfils all conditions, nothing changes: it still costs nothing, and others still cost too much.

    Args:
        compiled: for any family; where nothing is attended, the network stays as it is.
        draw: of the prices.

    Returns:
        The network, and how many heads have got prices.
    """
    if compiled.certificate.target not in TARGETS:
        return compiled.network, 0
    emit, count_of = TARGETS[compiled.certificate.target]
    priced: dict[int, tuple[float, ...]] = {}

    def prices(fetch: Fetch) -> tuple[float, ...]:
        if id(fetch) not in priced:
            count = count_of(fetch)
            drawn = tuple(map(float, draw(count, HIGHEST_PRICE))) if count > 1 else ()
            exact = len(set(drawn)) > 1 and is_exact(fetch, compiled.plan.n, drawn)
            priced[id(fetch)] = drawn if exact else ()
        return priced[id(fetch)]

    network = emit(compiled.plan, prices)
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
    # In a transformer conditions always cost this much.
    most = max(cost, power_above(2.0 * order_range(fetch, n)))
    return (sum(prices) + sum(others) + 1.0) * most <= LARGEST_LOGIT
