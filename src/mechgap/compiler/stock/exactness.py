"""Whether all whole numbers of a circuit stay where float32 is exact."""

from __future__ import annotations

from collections.abc import Iterator

from ..formats import FLOAT32
from ..gadgets import TooLarge
from ..ir import Form
from ..message_ir import Pooled
from ..pair_ir import MessageUnit
from ..scales import HIDDEN_LAYER_LOGITS
from .circuit import Circuit


def check_exact(circuit: Circuit, n: int, where: str) -> None:
    """Look for sums of whole numbers beyond 2^24.

    Args:
        circuit: what is computed.
        n: largest number of nodes.
        where: named in refusals.

    Raises:
        TooLarge: if there may be one; a smaller n may help.
    """
    sums = [form.summed for form in _forms(circuit) if form.whole]
    largest = max([0.0, *sums, *(HIDDEN_LAYER_LOGITS.reach(fetch, n) for fetch in circuit.fetches)])
    if largest > FLOAT32.exact:
        raise TooLarge(
            where,
            f"whole numbers up to {largest:g} at n = {n}",
            f"at most 2^24 = {FLOAT32.exact:g}, beyond which float32 is not exact",
            "declare smaller bounds (high=…)",
        )


def _forms(circuit: Circuit) -> Iterator[Form]:
    yield from (*circuit.start.values(), *circuit.step.values(), *(unit.form for unit in circuit.units))
    for pool in circuit.pools:
        yield from _message_forms(pool)


def _message_forms(part: Pooled | MessageUnit) -> Iterator[Form]:
    yield part.form
    for atom in part.form.atoms:
        if isinstance(atom, MessageUnit):
            yield from _message_forms(atom)
