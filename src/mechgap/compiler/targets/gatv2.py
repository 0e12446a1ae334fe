"""Fourth pass for GATv2: from the laid out intermediate form to the parameters of a network."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import nn

from ...kinds.categorical import Categorical
from ...kinds.mask import Mask, MaskOne
from ...kinds.pointer import Pointer
from ...kinds.scalar import Scalar
from ...lang.location import Location
from ...lang.program import Port, Program
from ...nets.config import NetworkConfig, RoundConfig
from ...nets.features import INDEX, edge_columns, node_columns
from ...nets.gatv2 import GATv2Round
from ...nets.network import HALT, Network, hint_key
from ...nets.network import output_key as readout_key
from ..ir import (
    Atom,
    Carried,
    EdgeColumn,
    Feature,
    Fetch,
    Fetched,
    FetchedEdge,
    Form,
    Order,
    PairAtom,
    PairForm,
    Relation,
    Slot,
    Unit,
)
from ..layout import RoundPlan
from ..lowering import Meaning, here_key, output_key
from ..nodes import INDEX_PORT
from ..scales import INDEX_STEP, condition_cost, condition_step, key_step

CLRS_SLOPE = 0.01
"""Slope of the attention's leaky ReLU below zero in the CLRS network."""


@dataclass(frozen=True)
class Plan:
    """Everything that emission needs.

    Attributes:
        program: what was compiled.
        slots: the places of the state; the dimension of a slot is its position.
        meaning: which slots hold what.
        hidden: hidden width.
        start, step: the rounds.
        n: largest number of nodes.
    """

    program: Program
    slots: tuple[Slot, ...]
    meaning: Meaning
    hidden: int
    start: tuple[RoundPlan, ...]
    step: tuple[RoundPlan, ...]
    n: int


def emit(plan: Plan) -> Network:
    """The network whose parameters are the compiled program."""
    network = Network(configure(plan))
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.zero_()
        for encoder in (network.node_encoder, network.edge_encoder, network.graph_encoder):
            if encoder is not None:
                encoder.weight.fill_diagonal_(1.0)
        for rounds, modules in ((plan.start, network.prologue), (plan.step, network.rounds)):
            before: Mapping[Atom, int] = {}
            for round, module in zip(rounds, modules, strict=True):
                assert isinstance(module, GATv2Round)
                _RoundEmitter(plan, network.config, before, round).fill(module)
                before = round.last
        _fill_readouts(plan, network)
    return network


def configure(plan: Plan) -> NetworkConfig:
    """The shape of the network."""
    rounds = tuple(_shape(plan, round) for round in plan.step)
    fetches = [fetch for round in (*plan.start, *plan.step) for fetch in round.fetches]
    probe = NetworkConfig(
        interface=plan.program.interface,
        features=1,
        hidden=plan.hidden,
        edge_features=1,
        graph_features=1,
        rounds=rounds,
        prologue=tuple(_shape(plan, round) for round in plan.start),
        pointer_width=2,
        encode_hints=False,
        reverse_edges=True,
        node_index=True,
        graph_to_nodes=True,
        halting=True,
        negative_slope=0.0 if any(map(one_sided, fetches)) else CLRS_SLOPE,
    )
    return replace(
        probe,
        features=max(1, len(node_columns(probe))),
        edge_features=max(1, len(edge_columns(probe))),
    )


def one_sided(fetch: Fetch) -> bool:
    """Whether a fetch needs an attention that is zero below zero: for < and <=, and for signed keys."""
    if fetch.order is None and fetch.low < 0 < fetch.high:
        return True
    return any(c.relation in (Relation.NOT_POSITIVE, Relation.NEGATIVE) for c in fetch.conditions)


def _shape(plan: Plan, round: RoundPlan) -> RoundConfig:
    heads = max(1, len(round.fetches))
    mid = max([1, *(len(attention_units(fetch, plan.n)) for fetch in round.fetches)])
    local = bool(round.fetches) and all(map(_among_neighbours, round.fetches))
    edges = any(isinstance(source, FetchedEdge) for atom in round.update for source in _sources(atom))
    return RoundConfig(
        heads=heads,
        mid=heads * mid,
        width=heads * round.part,
        mlp=round.widths,
        attend="neighbours" if local else "all",
        edge_values=edges,
    )


def _among_neighbours(fetch: Fetch) -> bool:
    """Whether only senders that share an edge of some mask can be chosen."""
    return any(
        c.relation is Relation.TRUE
        and c.form.constant == 0.0
        and not c.form.sender.terms
        and not c.form.receiver.terms
        and len(c.form.pair) == 1
        and c.form.pair[0][1] == 1.0
        for c in fetch.conditions
    )


def _sources(atom: Atom) -> tuple[Atom, ...]:
    """What the update reads to make an atom."""
    return atom.form.atoms if isinstance(atom, Unit) else (atom,)


# ---- attention


@dataclass
class AttentionUnit:
    """One unit of the attention's hidden layer: weight * leaky_relu(sender + pair + receiver + bias)."""

    weight: float
    sender: Form = field(default_factory=Form)
    receiver: Form = field(default_factory=Form)
    pair: tuple[tuple[PairAtom, float], ...] = ()


def attention_units(fetch: Fetch, n: int) -> list[AttentionUnit]:
    """The hidden layer of the attention of a fetch; logits are sums of its units.

    Conditions cost so much that no key makes up for it; keys and indices order the rest.
    """
    cost = condition_cost(fetch, n)
    units: list[AttentionUnit] = []
    true = [c.form for c in fetch.conditions if c.relation is Relation.TRUE]
    if true:
        total = true[0]
        for form in true[1:]:
            total = total + form
        missing = (total * -1.0).plus(float(len(true)))
        units.append(_attention_unit(-1.0, missing * cost))
    for condition in fetch.conditions:
        form, step = condition.form, 1.0 if condition.form.whole else condition_step(fetch, n)
        if condition.relation is Relation.ZERO:
            units += [_attention_unit(-cost, form * step), _attention_unit(-cost, form * -step)]
        elif condition.relation is Relation.NOT_POSITIVE:
            units.append(_attention_unit(-cost, form * step))
        elif condition.relation is Relation.NEGATIVE:
            units.append(_attention_unit(-cost, (form * step).plus(1.0)))
    return units + _order_units(fetch, n)


def _order_units(fetch: Fetch, n: int) -> list[AttentionUnit]:
    index = Form.of(_OWN_INDEX)
    rank = index if fetch.order is not Order.LAST else index * -1.0 + Form((), n - 1.0)
    rank = rank * INDEX_STEP
    if fetch.key is None:
        return [AttentionUnit(-1.0, rank)]
    key = fetch.key * key_step(fetch, n)
    if fetch.order is not None and fetch.key.whole:
        return [AttentionUnit(-1.0, key.sender + rank, key.receiver, key.pair)]
    if fetch.low >= 0:
        units = [_attention_unit(-1.0, key)]
    elif fetch.high <= 0:
        units = [_attention_unit(1.0, key * -1.0)]
    else:
        units = [_attention_unit(-1.0, key), _attention_unit(1.0, key * -1.0)]
    return units if fetch.order is None else [*units, AttentionUnit(-1.0, rank)]


def _attention_unit(weight: float, form: PairForm) -> AttentionUnit:
    return AttentionUnit(weight, form.sender, form.receiver, form.pair)


_OWN_INDEX = Feature(0.0, True, "me", INDEX_PORT, 0)


class _RoundEmitter:
    """Fills one round.

    Args:
        plan: what is compiled.
        config: shape of the network.
        before: atom -> dimension of the hidden vector before the round; empty before round 0, when
            it holds the slots.
        round: the dimensions of the round.
    """

    def __init__(
        self, plan: Plan, config: NetworkConfig, before: Mapping[Atom, int], round: RoundPlan
    ) -> None:
        self._plan = plan
        self._before = before
        self._round = round
        self._features = {(c.name, c.component): k for k, c in enumerate(node_columns(config))}
        self._edges = {(c.name, c.component, c.reversed): k for k, c in enumerate(edge_columns(config))}
        self._slots = {slot.name: k for k, slot in enumerate(plan.slots)}
        self._shift = config.features

    def fill(self, module: GATv2Round) -> None:
        """Write the parameters of the round."""
        mid = module.shape.mid // module.shape.heads
        for head, fetch in enumerate(self._round.fetches):
            for k, unit in enumerate(attention_units(fetch, self._plan.n)):
                self._fill_attention(module, head * mid + k, unit)
                module.attend[head, k] = unit.weight
        for atom, dimension in self._round.update.items():
            form = atom.form if isinstance(atom, Unit) else Form.of(atom)
            self._fill_update(module, dimension, atom, form)
        previous = self._round.update
        for layer, placed in zip(module.mlp, self._round.layers, strict=True):
            assert isinstance(layer, nn.Linear)
            for atom, dimension in placed.items():
                computed = isinstance(atom, Unit) and atom not in previous
                form = atom.form if isinstance(atom, Unit) and computed else Form.of(atom)
                _fill_row(layer, dimension, ((previous[a], c) for a, c in form.terms), form.constant)
            previous = placed

    def _fill_attention(self, module: GATv2Round, row: int, unit: AttentionUnit) -> None:
        for atom, coefficient in unit.sender.terms:
            module.sender.weight[row, self._position(atom)] += coefficient
        for atom, coefficient in unit.receiver.terms:
            module.receiver.weight[row, self._position(atom)] += coefficient
        for column, coefficient in unit.pair:
            module.edge.weight[row, self._edge(column)] += coefficient
        module.receiver.bias[row] += unit.sender.constant + unit.receiver.constant

    def _fill_update(self, module: GATv2Round, row: int, atom: Atom, form: Form) -> None:
        """A unit of the update, or an atom that is only kept."""
        held = isinstance(atom, Unit) and atom in self._before
        for source, coefficient in ((atom, 1.0),) if held else form.terms:
            if isinstance(source, Fetched) and source.fetch in self._round.fetches:
                module.value.weight[row, self._position(source.source)] += coefficient
            elif isinstance(source, FetchedEdge) and source.fetch in self._round.fetches:
                assert module.edge_value is not None
                module.edge_value.weight[row, self._edge(source.source)] += coefficient
            else:
                module.skip.weight[row, self._position(source)] += coefficient
        if not held:
            module.skip.bias[row] += form.constant

    def _position(self, atom: Atom) -> int:
        """Where the round finds an atom in z = [x ; h]."""
        if isinstance(atom, Feature):
            name = INDEX if atom.port == INDEX_PORT else atom.port
            return self._features[name, atom.component]
        if atom in self._before:
            return self._shift + self._before[atom]
        assert isinstance(atom, Carried), atom.origin
        return self._shift + self._slots[atom.slot]

    def _edge(self, column: PairAtom) -> int:
        """A pair (sender, receiver) is read by attention at (receiver, sender): transposed."""
        assert isinstance(column, EdgeColumn), column.origin
        return self._edges[column.port, column.component, not column.against]


def _fill_row(layer: nn.Linear, row: int, terms: Iterable[tuple[int, float]], constant: float) -> None:
    for column, coefficient in terms:
        layer.weight[row, column] += coefficient
    layer.bias[row] += constant


# ---- readouts


def _fill_readouts(plan: Plan, network: Network) -> None:
    config = network.config
    after = config.features + config.hidden
    places = {slot.name: after + k for k, slot in enumerate(plan.slots)}
    lows = {slot.name: slot.low for slot in plan.slots}
    index = [c.name for c in node_columns(config)].index(INDEX)
    for key, port, name in [
        *((hint_key(p.name), p, p.name) for p in config.interface.hints),
        *((readout_key(p.name), p, output_key(p.name)) for p in config.interface.outputs),
    ]:
        module, slots = network.readouts[key], plan.meaning.slots[name]
        if isinstance(port.kind, Pointer) and port.location is Location.NODE:
            _fill_pointer(module, places[slots[0]], index)
        elif isinstance(port.kind, Pointer):
            (here,) = plan.meaning.slots[here_key(name)]
            _fill_row(_linear(module, "linear"), 0, [(places[here], 1.0)], 0.0)
        else:
            layer = _linear(module, "nodes" if port.location is Location.GRAPH else "linear")
            _fill_value(layer, port, [places[slot] for slot in slots], [lows[slot] for slot in slots])
    terms = [(places[term.slot], term.sign) for term in plan.meaning.halt]
    _fill_row(_linear(network.readouts[HALT], "nodes"), 0, terms, plan.meaning.bias)


def _linear(module: nn.Module, name: str) -> nn.Linear:
    layer = getattr(module, name)
    assert isinstance(layer, nn.Linear)
    return layer


def _fill_value(layer: nn.Linear, port: Port, places: list[int], lows: list[float]) -> None:
    kind = port.kind
    if isinstance(kind, Scalar):
        terms = list(zip(places, (kind.unit, -kind.unit), strict=False))
        _fill_row(layer, 0, terms, kind.unit * lows[0])
    elif isinstance(kind, Mask):
        _fill_row(layer, 0, [(places[0], 1.0)], -0.5)
    elif isinstance(kind, (MaskOne, Categorical)):
        for row, place in enumerate(places):
            _fill_row(layer, row, [(place, 1.0)], 0.0)


def _fill_pointer(module: nn.Module, place: int, index: int) -> None:
    """index_c - 2 max(pointer_a, index_c) is largest just where index_c is the pointer."""
    _fill_row(_linear(module, "receiver"), 0, [(place, 1.0)], 0.0)
    for row in range(2):
        _fill_row(_linear(module, "candidate"), row, [(index, 1.0)], 0.0)
    _fill_row(_linear(module, "final"), 0, [(0, -2.0), (1, 1.0)], 0.0)


def nonzero(network: nn.Module) -> int:
    """Number of parameters that are not zero."""
    return sum(int((parameter != 0).sum()) for parameter in network.parameters())
