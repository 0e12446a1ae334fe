"""Where each weight comes from: the operation of the program and its source line, and back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from torch import nn

ROLES = ("encodes", "chooses", "copies", "computes", "keeps", "writes", "reads out")
"""What a unit does for an operation, in the order in which a network does it."""


@dataclass(frozen=True)
class Source:
    """An operation of a program.

    Attributes:
        text: the expression in one line, or the name of a variable.
        label: its name in the program, if it has one.
        line: where it was written, as FILE:NUMBER; empty if that is not known.
    """

    text: str
    label: str | None = None
    line: str = ""


@dataclass(frozen=True)
class Row:
    """A unit of a layer.

    Attributes:
        operation: position of the operation that it belongs to.
        role: what it does for it, one of ``ROLES``.
        holds: what its number stands for, in words.
    """

    operation: int
    role: str
    holds: str


@dataclass(frozen=True)
class Weight:
    """A weight that is not zero.

    Attributes:
        parameter, place, value: which one, where in it, and how much.
        row: the unit that it belongs to; None if that is not known.
        reads: what it is multiplied with, in words; "1" for a bias.
    """

    parameter: str
    place: tuple[int, ...]
    value: float
    row: Row | None
    reads: str


@dataclass(frozen=True)
class Provenance:
    """Which operation every unit of a network belongs to.

    Attributes:
        operations: of the program, in the order in which the network does them.
        layers: name of a layer -> its units; None for one that is not used.
        rows: name of a parameter -> the layer whose units its rows are.
        columns: name of a parameter -> what its columns read, in words; for biases there is no entry.
    """

    operations: tuple[Source, ...]
    layers: Mapping[str, tuple[Row | None, ...]]
    rows: Mapping[str, str]
    columns: Mapping[str, tuple[str, ...]]

    def row(self, parameter: str, place: tuple[int, ...]) -> Row | None:
        """The unit that a weight belongs to.

        Args:
            parameter: its name, as ``Network.named_parameters`` has it.
            place: of the weight in it: (row, column), (row,) of a bias, (head, unit) of ``attend``.
        """
        layer = self.layers.get(self.rows.get(parameter, ""), ())
        unit = place[0]
        if parameter.endswith(".attend"):
            heads = len(self.columns[parameter])
            unit = place[0] * (len(layer) // heads) + place[1]
        return layer[unit] if unit < len(layer) else None

    def weights(self, network: nn.Module) -> Iterator[Weight]:
        """Every weight of a network that is not zero."""
        for name, parameter in network.named_parameters():
            reads = self.columns.get(name, ())
            values = parameter.detach()
            for place in values.nonzero().tolist():
                at = tuple(place)
                column = reads[at[0 if name.endswith(".attend") else -1]] if len(at) > 1 else "1"
                yield Weight(name, at, float(values[at]), self.row(name, at), column)

    def to_json(self) -> dict[str, Any]:
        """The provenance as plain data.

        Words are given once, in ``words``: a unit of ``layers`` is [operation, role, word] as positions in
        ``operations``, ``roles`` and ``words``, and ``reads`` has lists of words for ``columns``.
        """
        words: dict[str, int] = {}

        def place(word: str) -> int:
            return words.setdefault(word, len(words))

        lists = list(dict.fromkeys(self.columns.values()))
        layers = {
            name: [None if r is None else [r.operation, ROLES.index(r.role), place(r.holds)] for r in layer]
            for name, layer in self.layers.items()
        }
        reads = [[place(word) for word in names] for names in lists]
        return {
            "operations": [{"text": o.text, "label": o.label, "line": o.line} for o in self.operations],
            "roles": list(ROLES),
            "words": list(words),
            "layers": layers,
            "rows": dict(self.rows),
            "reads": reads,
            "columns": {name: lists.index(names) for name, names in self.columns.items()},
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Provenance:
        """The provenance that ``to_json`` wrote."""
        roles, words = data["roles"], data["words"]
        layers = {
            name: tuple(None if r is None else Row(r[0], roles[r[1]], words[r[2]]) for r in layer)
            for name, layer in data["layers"].items()
        }
        lists = [tuple(words[k] for k in names) for names in data["reads"]]
        columns = {name: lists[k] for name, k in data["columns"].items()}
        return cls(tuple(Source(**o) for o in data["operations"]), layers, data["rows"], columns)
