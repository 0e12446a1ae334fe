"""Settings of training that are changed by texts such as "hidden=32"."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, get_type_hints

from ..errors import TrainingError
from .settings import TrainingSettings


def assigned(settings: TrainingSettings, texts: Sequence[str]) -> TrainingSettings:
    """Settings with some of them changed.

    Args:
        settings: stay as they are.
        texts: each NAME=VALUE; several numbers are separated by commas, and yes or no is true or false.

    Raises:
        TrainingError: if there is no such setting, or the value is not one of its type or makes no sense.
    """
    types, changes = get_type_hints(TrainingSettings), dict[str, Any]()
    for text in texts:
        name, equals, value = (part.strip() for part in text.partition("="))
        if not equals or name not in types:
            raise TrainingError(
                f"training settings, {name or 'a change'}",
                repr(text),
                f"NAME=VALUE with one of {', '.join(types)}",
                "correct the name",
            )
        what, read = _READERS[types[name]]
        try:
            changes[name] = read(value)
        except ValueError as error:
            raise TrainingError(
                f"training settings, {name}", repr(value), what, f"write it as {name}=VALUE"
            ) from error
    return replace(settings, **changes)


def _truth(text: str) -> bool:
    found = {"true": True, "yes": True, "false": False, "no": False}.get(text.lower())
    if found is None:
        raise ValueError(text)
    return found


def _several(read: Callable[[str], Any]) -> Callable[[str], tuple[Any, ...]]:
    return lambda text: tuple(read(part) for part in text.split(",") if part.strip())


_READERS: dict[Any, tuple[str, Callable[[str], Any]]] = {
    bool: ("true or false", _truth),
    int: ("a whole number", int),
    float: ("a number", float),
    str: ("a word", str),
    tuple[int, ...]: ("whole numbers separated by commas", _several(int)),
    tuple[float, ...]: ("numbers separated by commas", _several(float)),
}
"""By type, what a value is and what reads it."""
