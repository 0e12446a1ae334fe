"""Which scalars a network of ReLU units can hold exactly."""

from __future__ import annotations

import math

from ..kinds.scalar import Scalar
from .gadgets import LARGEST_REAL, Gadgets


def check_input(gadgets: Gadgets, name: str, kind: Scalar) -> None:
    """Refuse an input that cannot be read exactly.

    Raises:
        Refusal: if it has no bounds, or counts units.
    """
    if kind.unit != 1.0:
        raise gadgets.refuse(
            f"the input {name!r} in units of {kind.unit:g}",
            "inputs in units of 1, which can be read without rounding",
            f"declare {name!r} without unit, and give whole numbers",
        )
    _check_bounds(gadgets, f"the input {name!r}", name, kind)


def check_state(gadgets: Gadgets, name: str, kind: Scalar) -> None:
    """Refuse a state variable that cannot be held exactly.

    Raises:
        Refusal: if it has no bounds.
    """
    _check_bounds(gadgets, f"the scalar {name!r}", name, kind)


def _check_bounds(gadgets: Gadgets, what: str, name: str, kind: Scalar) -> None:
    for bound, word, value in (("an upper bound", "high", kind.high), ("a lower bound", "low", kind.low)):
        if abs(value) > LARGEST_REAL:
            endless = math.isinf(value)
            raise gadgets.refuse(
                f"{what} " + (f"without {bound}" if endless else f"with {word}={value:g}"),
                f"a finite {word}, at most {LARGEST_REAL:g} from zero: a certificate of exactness needs one",
                f"declare {word}=… for {name!r}",
            )
