"""The variables of a compiled program in the hidden vectors: where they are, and how to read them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from ..kinds.categorical import Categorical
from ..kinds.mask import Mask, MaskOne
from ..kinds.pointer import Pointer
from ..kinds.scalar import Scalar
from ..lang.expression import Variable
from ..lang.program import Program
from .layout import Layout

if TYPE_CHECKING:
    from torch import Tensor


def held(layout: Layout, variable: Variable, hidden: Tensor) -> Tensor:
    """The value of a state variable that hidden vectors hold.

    Args:
        layout: of the compiled program.
        variable: of nodes; of the graph: then every node holds it; or of edges.
        hidden: [..., N, H], or of edges the vectors at pairs [..., N, N, P].

    Returns:
        [..., N] or [..., N, N], in recorded units: truth values, indices and codes, or numbers.
    """
    import torch

    names = layout.variables[variable.name]
    places = zip(names, layout.dimensions(variable.name), strict=True)
    slots = [hidden[..., k] / layout.scale(name) for name, k in places]
    match variable.kind:
        case Mask() | MaskOne():
            return slots[0] > 0.5
        case Pointer():
            return slots[0].round().long()
        case Scalar() as kind:
            low = layout.offsets[names[0]]
            number = slots[0] - slots[1] if len(slots) > 1 else slots[0]
            return (number + low) * kind.unit
    codes: Tensor = torch.stack(slots, -1).argmax(-1)
    return codes


def describe_variables(program: Program, layout: Layout) -> list[dict[str, Any]]:
    """How any tool can read each state variable out of a hidden vector h, as plain data.

    An entry has the variable's name, location and kind, whether it is internal, its dimensions of h, the
    scale that each h[d] is first divided by, and in words the way to its value: with d the first dimension, a
    mask holds where h[d] > 0.5; a pointer is the whole number h[d]; a number is (h[d] + offset) * unit, or
    with a second dimension e, for what is below zero, (h[d] - h[e] + offset) * unit; a category is the
    position of the largest of its dimensions. Values of nodes and of the graph are in the vector at every
    node, those of edges in the vector at the pair (sender, receiver).
    """
    found = []
    for variable in program.state:
        if variable.name not in layout.variables:
            continue
        slots = layout.variables[variable.name]
        entry: dict[str, Any] = {
            "name": variable.name,
            "location": variable.location.value,
            "internal": variable.internal,
            "kind": variable.kind.to_json(),
            "dimensions": list(layout.dimensions(variable.name)),
            "scales": [layout.scale(slot) for slot in slots],
        }
        found.append({**entry, **_way(variable, [layout.offsets[slot] for slot in slots])})
    return found


def _way(variable: Variable, offsets: list[float]) -> Mapping[str, Any]:
    match variable.kind:
        case Mask() | MaskOne():
            return {"value": "h[d] > 0.5"}
        case Pointer():
            return {"value": "h[d]"}
        case Categorical() as kind:
            return {"value": "position of the largest", "categories": list(kind.categories)}
        case Scalar() as kind:
            number = "h[d] - h[e]" if len(offsets) > 1 else "h[d]"
            return {"value": f"({number} + offset) * unit", "offset": offsets[0], "unit": kind.unit}
    raise TypeError(variable.kind.name)
