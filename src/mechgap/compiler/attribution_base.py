"""Finds the operation of every unit that was emitted for a network: what all families have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ..lang.expression import Expression, Variable
from ..lang.text import Wording
from ..nets.features import INDEX, SQUARE, Column, edge_columns, graph_columns, node_columns
from ..nets.network import HALT, Network, hint_key
from ..nets.network import output_key as readout_key
from ..nets.shapes import AbstractRoundConfig
from .ir import Atom, Fetched, FetchedEdge, Unit
from .layout import RoundPlan
from .lowering import here_key, output_key
from .message_ir import CornerAtom, LegAtom, Pooled, Third, TripleUnit
from .origin import Origin
from .origin import Words as Phrase
from .pair_ir import EndAtom, Followed, PairUnit, Turned
from .provenance import Provenance, Row, Source
from .targets.filling import Plan

Words = tuple[str, ...]
"""What the dimensions of a vector stand for."""
Held = tuple[Words, Words]
"""That of the hidden vectors, and of the vectors at pairs."""
Written = Mapping[int, tuple[str, Expression]]
"""Dimension -> the slot that is written there, and the expression that it gets."""


@dataclass(frozen=True)
class Place:
    """A round of a network.

    Attributes:
        name: of its module.
        round: what it was emitted from.
        shape: its widths.
    """

    name: str
    round: RoundPlan
    shape: AbstractRoundConfig


class AbstractAttribution(ABC):
    """Finds the operation of every unit of a network.

    Args:
        plan: what the network was emitted from.
        network: that was emitted.
    """

    def __init__(self, plan: Plan, network: Network) -> None:
        self._plan = plan
        self._network = network
        self._program = plan.program
        self._wording = Wording(plan.program)
        self._sources: dict[Source, int] = {}
        self._known = {v.name: v for v in (*self._program.inputs, *self._program.state)}
        self._layers: dict[str, tuple[Row | None, ...]] = {}
        self._rows: dict[str, str] = {}
        self._columns: dict[str, tuple[str, ...]] = {}
        config = network.config
        self._features = tuple(map(column_name, node_columns(config)))
        self._edges = tuple(map(column_name, edge_columns(config)))
        self._graph = tuple(map(column_name, graph_columns(config)))
        self._slots = padded(tuple(plan.held(False)), plan.widths[0])
        self._pair_slots = padded(tuple(plan.held(True)), plan.widths[1])

    def run(self) -> Provenance:
        """The provenance of the whole network."""
        self._encoders()
        plan, config, program = self._plan, self._network.config, self._program
        starts, steps = plan.rounds
        hidden, width = plan.widths
        for part, rounds, shapes, values, before, paired in (
            ("prologue", starts, config.prologue, program.init, padded((), hidden), padded((), width)),
            ("rounds", steps, config.rounds, program.step, self._slots, self._pair_slots),
        ):
            for k, (round, shape) in enumerate(zip(rounds, shapes, strict=True)):
                last = values if k == len(rounds) - 1 else None
                paired = self._round(Place(f"{part}.{k}", round, shape), (before, paired), last)
                before = self._list(round.last, hidden)
        self._readouts()
        return Provenance(tuple(self._sources), self._layers, self._rows, self._columns)

    @abstractmethod
    def _round(self, place: Place, held: Held, values: Mapping[Variable, Expression] | None) -> Words:
        """A round; what the vectors at pairs stand for after it.

        Args:
            place: the round.
            held: what the hidden vectors and the vectors at pairs stand for before it.
            values: of the last round what variables are assigned.
        """

    # ---- parts of the network

    def _encoders(self) -> None:
        config = self._network.config
        for name, columns in (
            ("node_encoder", node_columns(config)),
            ("edge_encoder", edge_columns(config)),
            ("graph_encoder", graph_columns(config)),
        ):
            if getattr(self._network, name) is not None:
                words = tuple(map(column_name, columns))
                rows = [
                    Row(self._named("me" if c.name in (INDEX, SQUARE) else c.name), "encodes", word)
                    for c, word in zip(columns, words, strict=True)
                ]
                self._layers[name] = tuple(rows)
                self._enter(name, name, words)

    def _layers_at_nodes(self, name: str, round: RoundPlan, width: int, written: Written | None) -> None:
        """The update of a round and the layers after it.

        Args:
            name, round: of the round.
            width: of the update.
            written: of the last round what its last layer writes.
        """
        last = None if round.layers else written
        self._layers[f"{name}.update"] = self._units(round.update, width, (), last)
        previous = round.update
        for k, placed in enumerate(round.layers):
            last = written if k == len(round.layers) - 1 else None
            layer = f"{name}.mlp.{k}"
            self._layers[layer] = self._units(placed, round.widths[k], previous, last)
            self._enter(layer, layer, self._list(previous, width))
            previous, width = placed, round.widths[k]

    def _units(
        self,
        placed: Mapping[Atom, int],
        width: int,
        before: Iterable[Atom],
        written: Written | None,
    ) -> tuple[Row | None, ...]:
        found: list[Row | None] = [None] * width
        kept = set(before)
        for atom, dimension in placed.items():
            if written is not None and dimension in written:
                slot, expression = written[dimension]
                found[dimension] = Row(self._of(expression), "writes", slot)
            else:
                found[dimension] = self._row(atom, atom in kept)
        return tuple(found)

    def _row(self, atom: Atom, kept: bool) -> Row:
        words = self._words(atom)
        if isinstance(atom, (Unit, PairUnit, TripleUnit)):
            return Row(self._origin(atom.origin), "keeps" if kept else "computes", words)
        if isinstance(atom, (Fetched, FetchedEdge, Pooled, Third)):
            origin = atom.fetch.origin if isinstance(atom, (Fetched, FetchedEdge)) else atom.origin
            return Row(self._origin(origin), "keeps" if kept else "copies", words)
        return Row(self._origin(atom.origin), "keeps", words)

    def _words(self, atom: Atom) -> str:
        """What an atom stands for."""
        if isinstance(atom, Fetched):
            return f"{self._words(atom.source)} of the chosen node"
        if isinstance(atom, FetchedEdge):
            return f"{self._words(atom.source)} of the chosen edge"
        if isinstance(atom, Followed):
            return f"{self._words(atom.source)} of another pair"
        if isinstance(atom, EndAtom):
            return f"{self._words(atom.source)} of the {atom.end.value}"
        if isinstance(atom, CornerAtom):
            return f"{self._words(atom.source)} of the {atom.corner.name.lower()}"
        if isinstance(atom, LegAtom):
            return f"{atom.leg.value}.{self._words(atom.source)}"
        if isinstance(atom, (Pooled, Third)):
            return f"largest message for {atom.origin}"
        if isinstance(atom, Turned):
            return reversed_words(self._words(atom.source))
        if isinstance(atom.origin, Origin):
            expression = atom.origin.expression
            return self._wording.name(expression) or self._wording.text(expression)
        return str(atom.origin)

    def _list(self, placed: Mapping[Atom, int], width: int) -> tuple[str, ...]:
        """What the dimensions of a layer stand for."""
        found = ["unused"] * width
        for atom, dimension in placed.items():
            found[dimension] = self._words(atom)
        return tuple(found)

    def _readouts(self) -> None:
        config = self._network.config
        features = padded(self._features, config.features)
        nodes = (*features, *(f"{word} before" for word in self._slots), *self._slots)
        parts = {"edge": self._edges, "graph": self._graph, "pair": self._pair_slots}
        sources = {hint_key(p.name): self._named(p.name) for p in config.interface.hints}
        for port in config.interface.outputs:
            sources[readout_key(port.name)] = self._of(self._program.outputs[port.name])
        sources[HALT] = self._of(self._program.halt)
        for key, module in self._network.readouts.items():
            for name, parameter in module.named_parameters():
                layer = f"readouts.{key}.{name.rpartition('.')[0]}"
                row = Row(sources[key], "reads out", key)
                self._layers[layer] = tuple([row] * parameter.shape[0])
                self._rows[f"readouts.{key}.{name}"] = layer
                if name.endswith("weight"):
                    words = parts.get(name.partition(".")[0], nodes)
                    inner = name.startswith("final")
                    width = parameter.shape[1]
                    reads = tuple(f"unit {k}" for k in range(width)) if inner else words
                    self._columns[f"readouts.{key}.{name}"] = reads

    def _enter(self, module: str, layer: str, reads: tuple[str, ...]) -> None:
        self._rows[f"{module}.weight"] = self._rows[f"{module}.bias"] = layer
        self._columns[f"{module}.weight"] = reads

    # ---- operations

    def _origin(self, origin: Phrase) -> int:
        return self._of(origin.expression) if isinstance(origin, Origin) else self._named(str(origin))

    def _named(self, name: str) -> int:
        """A variable, by its name or that of one of its slots."""
        variable = self._known.get(name.partition(".")[0])
        return self._add(Source(name)) if variable is None else self._of(variable)

    def _of(self, expression: Expression) -> int:
        line = "" if expression.line is None else str(expression.line)
        if isinstance(expression, Variable):
            return self._add(Source(expression.name, None, line))
        return self._add(Source(self._wording.text(expression), self._wording.name(expression), line))

    def _add(self, source: Source) -> int:
        return self._sources.setdefault(source, len(self._sources))


def assigned(plan: Plan, values: Mapping[Variable, Expression], paired: bool) -> Written:
    """What the last layer at nodes, or at pairs, writes."""
    program, meaning = plan.program, plan.meaning.slots
    parts: dict[str, Expression] = {v.name: x for v, x in values.items()}
    parts |= {output_key(name): x for name, x in program.outputs.items()}
    parts |= {here_key(name): x for name, x in list(parts.items())}
    owner: dict[str, Expression] = {}
    for key, expression in parts.items():
        for slot in meaning.get(key, ()):
            owner.setdefault(slot, expression)
    return {k: (name, owner.get(name, program.halt)) for name, k in plan.held(paired).items()}


def reversed_words(words: str) -> str:
    """What a number of pairs is at the opposite pair."""
    return f"{words} reversed"


def padded(words: tuple[str, ...], width: int) -> tuple[str, ...]:
    """Words for all dimensions of a vector that may be wider."""
    return (*words, *["unused"] * (width - len(words)))


def column_name(column: Column) -> str:
    """What a raw feature stands for."""
    words = f"{column.name}.{column.component}" if column.component else column.name
    return f"{words} reversed" if column.reversed else words
