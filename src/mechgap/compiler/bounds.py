"""Which scalars a network of ReLU units can hold exactly."""

from __future__ import annotations

import math

from ..kinds.scalar import Scalar
from .gadgets import LARGEST_REAL, Gadgets


def check_input(gadgets: Gadgets, name: str, kind: Scalar) -> None:
    """Refuse an input that cannot be read exactly.

    Raises:
        Refusal: if it may be negative, has no upper bound, or counts units.
    """
    if kind.low < 0:
        raise gadgets.refuse(
            f"the input {name!r} with low={kind.low:g}",
            "low >= 0: inputs that are not negative",
            f"declare low=0 for {name!r}, and shift its values if need be",
        )
    if kind.unit != 1.0:
        raise gadgets.refuse(
            f"the input {name!r} in units of {kind.unit:g}",
            "inputs in units of 1, which can be read without rounding",
            f"declare {name!r} without unit, and give whole numbers",
        )
    _check_high(gadgets, name, kind)


def check_state(gadgets: Gadgets, name: str, kind: Scalar) -> None:
    """Refuse a state variable that cannot be held exactly.

    Raises:
        Refusal: if it is real and may be negative, or has no bounds.
    """
    if kind.low < 0 and not (kind.whole and math.isfinite(kind.low)):
        raise gadgets.refuse(
            f"the scalar {name!r} with low={kind.low:g}",
            "low >= 0, or whole numbers with a finite low",
            f"declare low=0 for {name!r} if its values are never negative",
        )
    _check_high(gadgets, name, kind)


def _check_high(gadgets: Gadgets, name: str, kind: Scalar) -> None:
    if kind.high <= LARGEST_REAL:
        return
    endless = math.isinf(kind.high)
    raise gadgets.refuse(
        f"the scalar {name!r} " + ("without an upper bound" if endless else f"with high={kind.high:g}"),
        f"a finite high, at most {LARGEST_REAL:g}: a certificate of exactness needs one",
        f"declare high=… for {name!r}",
    )
