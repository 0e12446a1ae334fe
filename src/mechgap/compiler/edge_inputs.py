"""Variables of edges as numbers of pairs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..kinds.mask import Mask
from ..kinds.scalar import Scalar
from ..lang.expression import Variable
from .bounds import check_input
from .gadgets import Gadgets
from .ir import EdgeColumn, Form
from .values import Bit, Number, Value

if TYPE_CHECKING:
    from .nodes import NodeLowering


def entered_at_pairs(nodes: NodeLowering, variable: Variable, gadgets: Gadgets | None) -> Value:
    """A variable of edges over numbers of pairs.

    Args:
        nodes: knows the state.
        variable: an input, or of the state.
        gadgets: makes units of pairs; None in networks that have no state there.
    """
    value = nodes.entered(variable)
    if value is None:
        form = Form.of(_column(nodes, variable))
        if isinstance(variable.kind, Mask):
            return Bit((form,))
        assert isinstance(variable.kind, Scalar)
        return Number(form, variable.kind.low, variable.kind.high, form.whole)
    assert gadgets is not None
    return gadgets.readable(value)


def _column(nodes: NodeLowering, variable: Variable) -> EdgeColumn:
    if isinstance(variable.kind, Mask):
        return EdgeColumn(1.0, True, variable.name, variable.name, 0, False)
    if isinstance(variable.kind, Scalar):
        check_input(nodes.gadgets, variable.name, variable.kind)
        low, high = variable.kind.low, variable.kind.high
        high = max(-low, high)
        return EdgeColumn(high, variable.kind.whole, variable.name, variable.name, 0, False, low < 0)
    raise nodes.gadgets.refuse(
        f"the edge input {variable.name!r}, a {variable.kind.name}",
        "masks and scalars on edges",
        "give it as masks",
    )
