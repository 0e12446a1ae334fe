"""Where a round finds what it reads, and its layers at nodes: the same in all families."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from torch import nn

from ...nets.config import NetworkConfig
from ...nets.features import INDEX, SQUARE, edge_columns, node_columns
from ..ir import INDEX_PORT, Atom, Carried, EdgeColumn, Feature, Form, Unit
from ..layout import RoundPlan
from ..pair_ir import PairCarried
from ..pair_schedule import kept
from .filling import Plan, fill_row


@dataclass(frozen=True)
class Held:
    """What is held before a round.

    Attributes:
        nodes: atom -> dimension of the hidden vectors; empty before round 0, when they hold the slots.
        pairs: number of pairs -> dimension; None as long as the vectors at pairs hold the slots.
    """

    nodes: Mapping[Atom, int]
    pairs: Mapping[Atom, int] | None


class AbstractEmitter(ABC):
    """Knows the places of a round.

    Args:
        plan: what is compiled.
        config: shape of the network.
        before: what is held before the round.
        round: the dimensions of the round.
    """

    def __init__(self, plan: Plan, config: NetworkConfig, before: Held, round: RoundPlan) -> None:
        self.plan = plan
        self.before = before
        self.round = round
        self.kept_width = config.pairs
        self._features = {(c.name, c.component): k for k, c in enumerate(node_columns(config))}
        self._edges = {(c.name, c.component, c.reversed): k for k, c in enumerate(edge_columns(config))}
        self._slots, self._pair_slots = plan.held(False), plan.held(True)
        self._shift = config.features

    @abstractmethod
    def fill(self, module: Any) -> None:
        """Write the parameters of the round, a module of the family."""

    def fill_layers(self, layers: nn.ModuleList) -> None:
        """Write the layers at nodes after the update."""
        previous = self.round.update
        for layer, placed in zip(layers, self.round.layers, strict=True):
            assert isinstance(layer, nn.Linear)
            for atom, row in placed.items():
                computed = isinstance(atom, Unit) and atom not in previous
                form = atom.form if isinstance(atom, Unit) and computed else Form.of(atom)
                fill_row(layer, row, ((previous[a], c) for a, c in form.terms), form.constant)
            previous = placed

    def column(self, column: EdgeColumn, turned: bool = False) -> int:
        """Which raw feature of edges a column is, or is at the opposite pair."""
        return self._edges[column.port, column.component, column.against != turned]

    def position(self, atom: Atom) -> int:
        """Where the round finds an atom in z = [x ; h]."""
        if isinstance(atom, Feature):
            return self._feature(atom)
        if atom in self.before.nodes:
            return self._shift + self.before.nodes[atom]
        assert isinstance(atom, Carried), atom.origin
        return self._shift + self._slots[atom.slot]

    def after(self, atom: Atom) -> int:
        """Where layers after the round find an atom in z = [x ; h]."""
        return self._feature(atom) if isinstance(atom, Feature) else self._shift + self.round.last[atom]

    def paired(self, atom: Atom, held: Mapping[Atom, int] | None) -> int:
        """Where a number of pairs is in the vectors at pairs."""
        source = kept(atom)
        assert source is not None, atom.origin
        if held is not None:
            return held[source]
        assert isinstance(source, PairCarried), atom.origin
        return self._pair_slots[source.slot]

    def _feature(self, atom: Feature) -> int:
        if atom.port == INDEX_PORT:
            return self._features[(INDEX, SQUARE)[atom.component], 0]
        return self._features[atom.port, atom.component]
