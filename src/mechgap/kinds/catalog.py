"""All kinds, and reading one from plain data."""

from __future__ import annotations

from typing import Any

from ..errors import FileFormatError
from .categorical import Categorical
from .kind import AbstractKind
from .mask import Mask, MaskOne
from .pointer import Pointer
from .scalar import Scalar

KINDS: tuple[type[AbstractKind], ...] = (Scalar, Mask, MaskOne, Pointer, Categorical)


def kind_from_json(data: dict[str, Any]) -> AbstractKind:
    """The kind that ``AbstractKind.to_json`` wrote.

    Raises:
        FileFormatError: if the data are not those of a kind.
    """
    known = {kind().name: kind for kind in KINDS}
    try:
        return known[data["kind"]].from_json(data)
    except (KeyError, TypeError, ValueError) as error:
        raise FileFormatError(
            "the kind of a port",
            repr(data),
            f"the data of a kind: {', '.join(known)}",
            "write the file again with this version of mechgap",
        ) from error
