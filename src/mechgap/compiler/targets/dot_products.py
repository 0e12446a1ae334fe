"""The queries and keys that make the selection of a fetch, and what their products need."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..dialect import DOT_PRODUCTS
from ..formats import FLOAT32, NumberFormat
from ..gadgets import power_above
from ..ir import INDEX_PORT, AbstractPairAtom, Feature, Fetch, Form, Order, PairForm, Relation
from ..scales import INDEX_STEP, key_resolution, key_step, order_range
from .attention import among_neighbours

_INDEX = Feature(0.0, True, "me", INDEX_PORT, 0)
_SQUARE = Feature(0.0, True, "me", INDEX_PORT, 1)


@dataclass(frozen=True)
class Part:
    """One number of the query and of the key of a head: it adds query * (sender + pair) to logits.

    Attributes:
        query: of the receiver.
        sender, pair: of the sender, and of the pair.
    """

    query: Form
    sender: Form
    pair: tuple[tuple[AbstractPairAtom, float], ...] = ()


def parts(fetch: Fetch, n: int, prices: Sequence[float] = ()) -> list[Part]:
    """The numbers of the query and key of a fetch.

    Where the conditions hold, the first is exactly 0; so a real key is added to zeros, and to one
    number of the receiver. The index is added last, by ``prior``.

    Args:
        fetch: whose query and key.
        n: largest number of nodes.
        prices: of the conditions that depend on the sender or the pair; by default all 1.
    """
    pin = DOT_PRODUCTS.pin(fetch.conditions)
    if pin is not None:
        # 2 p j - j^2 is largest, by at least 1, where j is p.
        return [
            Part(pin * (2.0 * INDEX_STEP), Form.of(_INDEX)),
            Part(Form((), -INDEX_STEP), Form.of(_SQUARE)),
        ]
    found = _conditions(fetch, n, prices)
    if fetch.key is not None:
        step, key = key_step(fetch, n), fetch.key
        found.append(Part(Form((), -step), key.sender, key.pair))
        if key.receiver.terms:
            found.append(Part(key.receiver * -step, Form((), 1.0)))
    return found


def prior(fetch: Fetch) -> Form:
    """What is added to the logits of a sender last: its index, the best one first."""
    if fetch.order is None or DOT_PRODUCTS.pin(fetch.conditions) is not None:
        return Form()
    return Form.of(_INDEX) * (INDEX_STEP if fetch.order is Order.LAST else -INDEX_STEP)


def squares(fetch: Fetch) -> bool:
    """Whether the key of a fetch reads the square of the index."""
    return DOT_PRODUCTS.pin(fetch.conditions) is not None


def local(fetch: Fetch) -> bool:
    """Whether a fetch may look at neighbours only: not if it looks for an index, which has two neighbours."""
    return not squares(fetch) and among_neighbours(fetch)


def reach(fetch: Fetch, n: int) -> float:
    """Largest whole number, in steps of one index, in the logits of senders that may be chosen."""
    pin = DOT_PRODUCTS.pin(fetch.conditions)
    if pin is not None:
        # 2 p j is even, and thus exact up to twice as much. Below 0 the first node is the nearest by far, and
        # beyond n any average of nodes is too far away to be taken for p: logits may be rounded there.
        return max(n * (n - 1.0), pin.reach)
    keys = 1.0
    if fetch.key is not None and fetch.order is not None and fetch.key.whole:
        keys = (fetch.high if fetch.cut else max(fetch.high, fetch.key.reach)) + 1.0
    conditions = [condition.form.reach for condition in fetch.conditions if condition.form.whole]
    return max([keys * power_above(n - 1), *conditions])


def resolution(fetch: Fetch, n: int, number_format: NumberFormat = FLOAT32) -> float:
    """Smallest difference of real keys that a fetch tells apart; comparisons are units of pairs."""
    if DOT_PRODUCTS.pin(fetch.conditions) is not None:
        return 0.0
    return key_resolution(fetch, n, number_format)


def priced(fetch: Fetch) -> int:
    """How many conditions of a fetch have a price: none where it looks for an index."""
    return 0 if DOT_PRODUCTS.pin(fetch.conditions) is not None else len(_told(fetch))


def _told(fetch: Fetch) -> list[PairForm]:
    """The conditions that depend on the sender or the pair.

    What depends on the receiver alone changes no choice; it is seen to hold by what is copied.
    """
    return [c.form for c in fetch.conditions if c.form.sender.terms or c.form.pair]


def _conditions(fetch: Fetch, n: int, prices: Sequence[float]) -> list[Part]:
    """What the conditions that a sender misses cost, times more than all keys and indices are worth."""
    forms = _told(fetch)
    assert all(condition.relation is Relation.TRUE for condition in fetch.conditions)
    assert not any(form.receiver.terms for form in forms)
    if not forms:
        return []
    prices = prices or (1.0,) * len(forms)
    total = forms[0] * prices[0]
    for form, price in zip(forms[1:], prices[1:], strict=True):
        total = total + form * price
    held = total.sender.plus(total.receiver.constant - sum(prices))
    return [Part(Form((), power_above(2.0 * order_range(fetch, n))), held, total.pair)]
