"""Fourth pass for MPNN: from the laid out intermediate form to the parameters of a network of messages."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import torch
from torch import nn

from ...lang.expression import End, Leg
from ...nets.config import NetworkConfig
from ...nets.mpnn import MPNNRound
from ...nets.network import Network
from ...nets.pair_layer import PairLayer
from ...nets.shapes import MPNNConfig
from ...nets.triples import TripleLayer
from ..ir import AbstractPairAtom, Atom, EdgeColumn, Form, Unit
from ..layout import RoundPlan
from ..message_ir import CornerAtom, LegAtom, Pooled, Third, TripleUnit
from ..pair_ir import EndAtom, PairUnit
from ..pair_schedule import is_turned, kept
from ..schedule import Messages
from .emitter import AbstractEmitter, Held
from .filling import Plan, blank, configured, fill_row
from .readouts import fill_readouts

Places = Callable[[AbstractPairAtom], int]
"""Where a layer at pairs finds numbers in the one before it."""

LEGS = {Leg.FIRST: 0, Leg.SECOND: 1, Leg.DIRECT: 2}
"""Which part of a layer at triples reads a pair of a triple; of its nodes, the part of their number."""


def emit(plan: Plan) -> Network:
    """The network whose parameters are the compiled program."""
    prologue, rounds = (tuple(map(_shape, rounds)) for rounds in plan.rounds)
    network = blank(configured(plan, prologue, rounds))
    with torch.no_grad():
        for part, modules in zip(plan.rounds, (network.prologue, network.rounds), strict=True):
            before = Held({}, None)
            for round, module in zip(part, modules, strict=True):
                assert isinstance(module, MPNNRound) and round.messages is not None
                _RoundEmitter(plan, network.config, before, round).fill(module)
                kept_on: Mapping[Atom, int] = {atom: k for k, atom in enumerate(round.messages.kept)}
                before = Held(round.last, kept_on if round.pairs else before.pairs)
        fill_readouts(plan, network)
    return network


def _shape(round: RoundPlan) -> MPNNConfig:
    messages = _messages(round)
    return MPNNConfig(
        width=round.part,
        mlp=round.widths,
        attend="all",
        pairs=round.pair_widths,
        received=len(messages.pools),
        triples=tuple(max(1, len(layer)) for layer in messages.triples),
        thirds=len(messages.thirds),
    )


def _messages(round: RoundPlan) -> Messages:
    assert round.messages is not None
    return round.messages


class _RoundEmitter(AbstractEmitter):
    """Fills one round.

    Args:
        plan: what is compiled.
        config: shape of the network.
        before: what is held before the round.
        round: the dimensions of the round.
    """

    def __init__(self, plan: Plan, config: NetworkConfig, before: Held, round: RoundPlan) -> None:
        super().__init__(plan, config, before, round)
        self._messages = _messages(round)

    def fill(self, module: MPNNRound) -> None:
        """Write the parameters of the round."""
        if module.thirds is not None:
            self._fill_triples(module.thirds.layers)
        thirds = {third: self.kept_width + k for k, third in enumerate(self._messages.thirds)}
        held: Mapping[Atom, int] = {}
        for layer, placed in zip(module.pairs, self.round.pairs, strict=True):
            assert isinstance(layer, PairLayer)
            places: Places = held.__getitem__ if held else partial(self._place_before, thirds)
            for atom, row in placed.items():
                there = atom in (held or self.before.pairs or {})
                form = atom.form if isinstance(atom, PairUnit) and not there else Form.of(atom)
                self._fill_pair(layer, row, form, places)
            held = placed
        if module.message is not None and module.received is not None:
            for k, pool in enumerate(self._messages.pools):
                terms = [(held[kept(a) or a], c) for a, c in pool.form.terms]
                fill_row(module.message, k, terms, pool.form.constant)
        for atom, row in self.round.update.items():
            self._fill_update(module, row, atom)
        self.fill_layers(module.mlp)

    def _fill_update(self, module: MPNNRound, row: int, atom: Atom) -> None:
        """A unit of the update, or an atom that is only kept."""
        computed = isinstance(atom, Unit) and atom not in self.before.nodes
        form = atom.form if isinstance(atom, Unit) and computed else Form.of(atom)
        for source, coefficient in form.terms:
            if isinstance(source, Pooled) and source in self._messages.pools:
                assert module.received is not None
                module.received.weight[row, self._messages.pools.index(source)] += coefficient
            else:
                module.skip.weight[row, self.position(source)] += coefficient
        module.skip.bias[row] += form.constant

    # ---- pairs

    def _fill_pair(self, layer: PairLayer, row: int, form: Form, places: Places) -> None:
        """A unit of pairs, or a number that is only kept."""
        width = layer.pair.in_features // 2
        for source, coefficient in form.terms:
            match source:
                case EdgeColumn():
                    layer.edge.weight[row, self.column(source)] += coefficient
                case EndAtom():
                    side = layer.sender if source.end is End.SENDER else layer.receiver
                    side.weight[row, self.position(source.source)] += coefficient
                case _:
                    base = kept(source)
                    assert base is not None, source.origin
                    shift = width if is_turned(source) else 0
                    layer.pair.weight[row, shift + places(base)] += coefficient
        layer.receiver.bias[row] += form.constant

    def _place_before(self, thirds: Mapping[Third, int], atom: AbstractPairAtom) -> int:
        """Where the first layer finds a number: maxima over third nodes stand behind the vectors at pairs."""
        if isinstance(atom, Third) and atom in thirds:
            return thirds[atom]
        return self.paired(atom, self.before.pairs)

    # ---- triples

    def _fill_triples(self, layers: nn.ModuleList) -> None:
        previous: Mapping[Atom, int] = {}
        for layer, placed in zip(layers, (*self.round.triples, None), strict=True):
            assert isinstance(layer, TripleLayer)
            if placed is None:
                for row, third in enumerate(self._messages.thirds):
                    self._fill_triple(layer, row, third.form, previous)
                break
            for atom, row in placed.items():
                computed = isinstance(atom, TripleUnit) and atom not in previous
                form = atom.form if isinstance(atom, TripleUnit) and computed else Form.of(atom)
                self._fill_triple(layer, row, form, previous)
            previous = placed

    def _fill_triple(self, layer: TripleLayer, row: int, form: Form, previous: Mapping[Atom, int]) -> None:
        for source, coefficient in form.terms:
            match source:
                case CornerAtom():
                    part = _linear(layer.here, source.corner)
                    part.weight[row, self.position(source.source)] += coefficient
                case LegAtom(source=EdgeColumn() as column):
                    part = _linear(layer.edges, LEGS[source.leg])
                    part.weight[row, self.column(column)] += coefficient
                case LegAtom():
                    base, number = kept(source.source), source.source
                    assert base is not None, source.origin
                    turned = is_turned(number)
                    place = self.paired(base, self.before.pairs) + (self.kept_width if turned else 0)
                    _linear(layer.pairs, LEGS[source.leg]).weight[row, place] += coefficient
                case _:
                    assert layer.before is not None
                    layer.before.weight[row, previous[source]] += coefficient
        _linear(layer.here, 2).bias[row] += form.constant


def _linear(modules: nn.ModuleList, index: int) -> nn.Linear:
    found = modules[index]
    assert isinstance(found, nn.Linear)
    return found
