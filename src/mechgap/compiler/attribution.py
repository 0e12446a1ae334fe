"""Finds the operation of every unit that was emitted for a GATv2 network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..lang.expression import Expression, Variable
from ..lang.text import Wording
from ..nets.config import RoundConfig
from ..nets.features import INDEX, Column, edge_columns, graph_columns, node_columns
from ..nets.network import HALT, Network, hint_key
from ..nets.network import output_key as readout_key
from .ir import Atom, Fetch, Fetched, FetchedEdge, Unit
from .layout import RoundPlan
from .lowering import here_key, output_key
from .origin import Origin
from .provenance import Provenance, Row, Source
from .targets.gatv2 import Plan, attention_units

_READERS = ("sender", "receiver", "edge", "graph")
_WRITERS = ("value", "edge_value", "skip")


def attribute(plan: Plan, network: Network) -> Provenance:
    """Which operation each unit of a compiled network belongs to.

    Args:
        plan: what the network was emitted from.
        network: that was emitted.
    """
    return _Attribution(plan, network).run()


class _Attribution:
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
        self._features = tuple(map(_column_name, node_columns(config)))
        self._edges = tuple(map(_column_name, edge_columns(config)))
        self._graph = tuple(map(_column_name, graph_columns(config)))
        self._slots = tuple(slot.name for slot in plan.slots)

    def run(self) -> Provenance:
        """The provenance of the whole network."""
        self._encoders()
        plan, config, program = self._plan, self._network.config, self._program
        for part, rounds, shapes, values, held in (
            ("prologue", plan.start, config.prologue, program.init, ()),
            ("rounds", plan.step, config.rounds, program.step, self._slots),
        ):
            before, assigned = _padded(held, plan.hidden), _assigned(plan, values)
            for k, (round, shape) in enumerate(zip(rounds, shapes, strict=True)):
                written = assigned if k == len(rounds) - 1 else None
                self._round(f"{part}.{k}", round, shape, before, written)
                before = self._list(round.last, plan.hidden)
        self._readouts()
        return Provenance(tuple(self._sources), self._layers, self._rows, self._columns)

    # ---- parts of the network

    def _encoders(self) -> None:
        config = self._network.config
        for name, columns in (
            ("node_encoder", node_columns(config)),
            ("edge_encoder", edge_columns(config)),
            ("graph_encoder", graph_columns(config)),
        ):
            if getattr(self._network, name) is not None:
                words = tuple(map(_column_name, columns))
                rows = [
                    Row(self._named("me" if c.name == INDEX else c.name), "encodes", word)
                    for c, word in zip(columns, words, strict=True)
                ]
                self._layers[name] = tuple(rows)
                self._enter(name, name, words)

    def _round(
        self,
        name: str,
        round: RoundPlan,
        shape: RoundConfig,
        before: tuple[str, ...],
        written: Mapping[int, tuple[str, Expression]] | None,
    ) -> None:
        """One round; ``written`` has what the last layer of the last round writes, by dimension."""
        features = _padded(self._features, self._network.config.features)
        reads = {**dict.fromkeys((*_READERS, *_WRITERS), (*features, *before))}
        reads |= {"edge": self._edges, "edge_value": self._edges, "graph": self._graph}
        self._layers[f"{name}.attention"] = self._attention(round.fetches, shape)
        for reader in _READERS:
            self._enter(f"{name}.{reader}", f"{name}.attention", reads[reader])
        self._rows[f"{name}.attend"] = f"{name}.attention"
        self._columns[f"{name}.attend"] = tuple(f"head {h}" for h in range(shape.heads))
        last = None if round.layers else written
        self._layers[f"{name}.update"] = self._units(round.update, shape.width, (), last)
        for writer in _WRITERS:
            self._enter(f"{name}.{writer}", f"{name}.update", reads[writer])
        previous, width = round.update, shape.width
        for k, placed in enumerate(round.layers):
            last = written if k == len(round.layers) - 1 else None
            layer = f"{name}.mlp.{k}"
            self._layers[layer] = self._units(placed, round.widths[k], previous, last)
            self._enter(layer, layer, self._list(previous, width))
            previous, width = placed, round.widths[k]

    def _attention(self, fetches: Iterable[Fetch], shape: RoundConfig) -> tuple[Row | None, ...]:
        part = shape.mid // shape.heads
        found: list[Row | None] = [None] * shape.mid
        for head, fetch in enumerate(fetches):
            operation = self._origin(fetch.origin)
            for k, _ in enumerate(attention_units(fetch, self._plan.n)):
                found[head * part + k] = Row(operation, "chooses", f"logit of head {head}")
        return tuple(found)

    def _units(
        self,
        placed: Mapping[Atom, int],
        width: int,
        before: Iterable[Atom],
        written: Mapping[int, tuple[str, Expression]] | None,
    ) -> tuple[Row | None, ...]:
        found: list[Row | None] = [None] * width
        kept = set(before)
        for atom, dimension in placed.items():
            if written is not None:
                slot, expression = written[dimension]
                found[dimension] = Row(self._of(expression), "writes", slot)
            else:
                found[dimension] = self._row(atom, atom in kept)
        return tuple(found)

    def _row(self, atom: Atom, kept: bool) -> Row:
        words = self._words(atom)
        if isinstance(atom, Unit):
            return Row(self._origin(atom.origin), "keeps" if kept else "computes", words)
        if isinstance(atom, (Fetched, FetchedEdge)):
            return Row(self._origin(atom.fetch.origin), "keeps" if kept else "copies", words)
        return Row(self._origin(atom.origin), "keeps", words)

    def _words(self, atom: Atom) -> str:
        """What an atom stands for."""
        if isinstance(atom, Fetched):
            return f"{self._words(atom.source)} of the chosen node"
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
        features = _padded(self._features, config.features)
        held = _padded(self._slots, config.hidden)
        nodes = (*features, *(f"{word} before" for word in held), *held)
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
                    words = {"edge": self._edges, "graph": self._graph}.get(name.partition(".")[0], nodes)
                    inner = name.startswith("final")
                    width = parameter.shape[1]
                    reads = tuple(f"unit {k}" for k in range(width)) if inner else words
                    self._columns[f"readouts.{key}.{name}"] = reads

    def _enter(self, module: str, layer: str, reads: tuple[str, ...]) -> None:
        self._rows[f"{module}.weight"] = self._rows[f"{module}.bias"] = layer
        self._columns[f"{module}.weight"] = reads

    # ---- operations

    def _origin(self, origin: str) -> int:
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


def _assigned(plan: Plan, values: Mapping[Variable, Expression]) -> dict[int, tuple[str, Expression]]:
    """Dimension -> the slot there, and the expression that is written into it."""
    program, meaning = plan.program, plan.meaning.slots
    parts: dict[str, Expression] = {v.name: x for v, x in values.items()}
    parts |= {output_key(name): x for name, x in program.outputs.items()}
    parts |= {here_key(name): x for name, x in list(parts.items())}
    owner: dict[str, Expression] = {}
    for key, expression in parts.items():
        for slot in meaning.get(key, ()):
            owner.setdefault(slot, expression)
    return {k: (slot.name, owner.get(slot.name, program.halt)) for k, slot in enumerate(plan.slots)}


def _padded(words: tuple[str, ...], width: int) -> tuple[str, ...]:
    return (*words, *["unused"] * (width - len(words)))


def _column_name(column: Column) -> str:
    words = f"{column.name}.{column.component}" if column.component else column.name
    return f"{words} reversed" if column.reversed else words
