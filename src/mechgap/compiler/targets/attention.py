"""The hidden layer of the attention that makes the selection of a fetch."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..ir import (
    INDEX_PORT,
    AbstractPairAtom,
    Condition,
    EdgeColumn,
    Feature,
    Fetch,
    Form,
    Order,
    PairForm,
    Relation,
)
from ..scales import INDEX_STEP, condition_cost, condition_step, key_step


def one_sided(fetch: Fetch) -> bool:
    """Whether a fetch needs an attention that is zero below zero: for < and <=, and for signed keys."""
    if fetch.order is None and fetch.low < 0 < fetch.high:
        return True
    return any(c.relation in (Relation.NOT_POSITIVE, Relation.NEGATIVE) for c in fetch.conditions)


def among_neighbours(fetch: Fetch) -> bool:
    """Whether only senders that share an edge of some mask can be chosen."""
    return any(map(is_edge, fetch.conditions))


def is_edge(condition: Condition) -> bool:
    """Whether a condition is that an input which is a mask of edges holds."""
    form = condition.form
    return (
        condition.relation is Relation.TRUE
        and form.constant == 0.0
        and not form.sender.terms
        and not form.receiver.terms
        and len(form.pair) == 1
        and form.pair[0][1] == 1.0
        and isinstance(form.pair[0][0], EdgeColumn)
    )


@dataclass
class AttentionUnit:
    """One unit of the attention's hidden layer: weight * leaky_relu(sender + pair + receiver + bias)."""

    weight: float
    sender: Form = field(default_factory=Form)
    receiver: Form = field(default_factory=Form)
    pair: tuple[tuple[AbstractPairAtom, float], ...] = ()


def priced(fetch: Fetch) -> int:
    """How many conditions of a fetch have a price."""
    return sum(condition.relation is Relation.TRUE for condition in fetch.conditions)


def attention_units(fetch: Fetch, n: int, prices: Sequence[float] = ()) -> list[AttentionUnit]:
    """The hidden layer of the attention of a fetch; logits are sums of its units.

    Conditions cost so much that no key makes up for it; keys and indices order the rest.

    Args:
        fetch: whose attention.
        n: largest number of nodes.
        prices: of the conditions that are truth values; by default all 1.
    """
    cost = condition_cost(fetch, n)
    units: list[AttentionUnit] = []
    true = [c.form for c in fetch.conditions if c.relation is Relation.TRUE]
    if true:
        prices = prices or (1.0,) * len(true)
        total = true[0] * prices[0]
        for form, price in zip(true[1:], prices[1:], strict=True):
            total = total + form * price
        missing = (total * -1.0).plus(sum(prices))
        units.append(_attention_unit(-1.0, missing * cost))
    for condition in fetch.conditions:
        form, step = condition.form, 1.0 if condition.form.whole else condition_step(fetch, n)
        if condition.relation is Relation.ZERO:
            units += [_attention_unit(-cost, form * step), _attention_unit(-cost, form * -step)]
        elif condition.relation is Relation.NOT_POSITIVE:
            units.append(_attention_unit(-cost, form * step))
        elif condition.relation is Relation.NEGATIVE:
            units.append(_attention_unit(-cost, (form * step).plus(1.0)))
    return units + _order_units(fetch, n)


def _order_units(fetch: Fetch, n: int) -> list[AttentionUnit]:
    index = Form.of(_OWN_INDEX)
    rank = index if fetch.order is not Order.LAST else index * -1.0 + Form((), n - 1.0)
    rank = rank * INDEX_STEP
    if fetch.key is None:
        return [AttentionUnit(-1.0, rank)]
    key = fetch.key * key_step(fetch, n)
    if fetch.order is not None and fetch.key.whole and not fetch.cut:
        return [AttentionUnit(-1.0, key.sender + rank, key.receiver, key.pair)]
    if fetch.low >= 0:
        units = [_attention_unit(-1.0, key)]
    elif fetch.high <= 0:
        units = [_attention_unit(1.0, key * -1.0)]
    else:
        units = [_attention_unit(-1.0, key), _attention_unit(1.0, key * -1.0)]
    return units if fetch.order is None else [*units, AttentionUnit(-1.0, rank)]


def _attention_unit(weight: float, form: PairForm) -> AttentionUnit:
    return AttentionUnit(weight, form.sender, form.receiver, form.pair)


_OWN_INDEX = Feature(0.0, True, "me", INDEX_PORT, 0)
