"""Which operation each weight of a compiled network belongs to: as rows of tables, and as plain data."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..compiler.provenance import Provenance, Source, Weight

SHOWN = 4
"""Layers that are named in a row before the rest is counted."""
OPERATION_COLUMNS = ("#", "operation", "line", "weights", "where")
WEIGHT_COLUMNS = ("weight", "value", "reads", "role", "holds", "operation")


def operation_rows(provenance: Provenance, weights: Sequence[Weight]) -> list[tuple[str, ...]]:
    """Each operation with its source line, how many weights it has, and in which layers."""
    counts: dict[int, Counter[str]] = {}
    for weight in weights:
        if weight.row is not None:
            layer = provenance.rows[weight.parameter]
            counts.setdefault(weight.row.operation, Counter())[layer] += 1
    return [
        (f"{k}", named(source), source.line or "–", f"{counts[k].total()}", _places(counts[k]))
        for k, source in enumerate(provenance.operations)
        if k in counts
    ]


def weight_rows(provenance: Provenance, weights: Sequence[Weight]) -> list[tuple[str, ...]]:
    """Each weight with what it reads and what its unit is for."""
    return [
        (
            f"{w.parameter}[{', '.join(map(str, w.place))}]",
            f"{w.value:g}",
            w.reads,
            "–" if w.row is None else w.row.role,
            "–" if w.row is None else w.row.holds,
            "–" if w.row is None else f"#{w.row.operation}",
        )
        for w in weights
    ]


def explanation(provenance: Provenance, weights: Sequence[Weight]) -> dict[str, Any]:
    """The operations and their weights as plain data."""
    return {
        "operations": [
            {"number": k, "text": o.text, "label": o.label, "line": o.line or None}
            for k, o in enumerate(provenance.operations)
        ],
        "weights": [
            {
                "parameter": w.parameter,
                "place": list(w.place),
                "value": w.value,
                "reads": w.reads,
                **({} if w.row is None else vars(w.row)),
            }
            for w in weights
        ],
    }


def named(source: Source) -> str:
    """An operation with its label if it has one."""
    return source.text if source.label is None else f"{source.label} = {source.text}"


def _places(counts: Counter[str]) -> str:
    words = [f"{layer} {count}" for layer, count in counts.most_common(SHOWN)]
    rest = len(counts) - len(words)
    return ", ".join(words) + (f" and {rest} more" if rest > 0 else "")
