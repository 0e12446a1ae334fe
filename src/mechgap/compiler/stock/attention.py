"""A circuit as the parameters of the benchmark's GATv2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from ..gadgets import power_above
from ..ir import INDEX_PORT, Atom, EdgeColumn, Feature, Fetch, Fetched, Form, PairForm, Relation
from ..scales import condition_cost
from ..targets.attention import AttentionUnit, attention_units, is_edge
from .attending import ONE_SIDED
from .circuit import Circuit
from .parameters import Layer, Parameters, numbered
from .places import Places, landing
from .updates import fill_clock, fill_node, fill_slot

BASE = "net/gatv2_aggr_clrs_processor"


SLOPE = 0.01
"""Of the leaky ReLU below zero."""


def logit_units(fetch: Fetch, n: int) -> list[AttentionUnit]:
    """The hidden layer of the attention of a fetch; see ``targets.attention``.

    relu(x) is leaky(x) + 0.01 leaky(-x), but for a factor and for some rounding, which is far below the
    logit of an index. An edge that is missing costs more than everything else together.
    """
    base = tuple(c for c in fetch.conditions if c.relation not in ONE_SIDED)
    units, cost = attention_units(replace(fetch, conditions=base), n), condition_cost(fetch, n)
    for condition in fetch.conditions:
        if condition.relation in ONE_SIDED:
            form = condition.form.plus(float(condition.relation is Relation.NEGATIVE))
            units += [_unit(-cost, form), _unit(-cost * SLOPE, form * -1.0)]
    edges = [c.form for c in base if is_edge(c)]
    if edges:
        missing = sum(edges[1:], edges[0]) * -1.0 + PairForm(receiver=Form((), float(len(edges))))
        units.append(_unit(-power_above(2.0 * sum(map(_reach, units))), missing))
    return units


def _unit(weight: float, form: PairForm) -> AttentionUnit:
    return AttentionUnit(weight, form.sender, form.receiver, form.pair)


def _reach(unit: AttentionUnit) -> float:
    return abs(unit.weight) * PairForm(unit.sender, unit.receiver, unit.pair).reach


def middle(circuit: Circuit, n: int) -> int:
    """The most units that the attention of a head needs."""
    return max([1, *(len(logit_units(fetch, n)) for fetch in circuit.fetches)])


def fill_attention(
    parameters: Parameters, circuit: Circuit, places: Places, timing: tuple[int, int], index: Atom
) -> None:
    """Fill the parameters of GATv2.

    Args:
        parameters: get the layers.
        circuit: what is computed.
        places: where.
        timing: rounds of a step, and the largest number of nodes, by which logits are scaled.
        index: of nodes.
    """
    rounds, n = timing
    layers = _layers(parameters, places)
    part = places.width // places.heads
    for head, fetch in enumerate(circuit.fetches):
        for k, part_of_logit in enumerate(logit_units(fetch, n)):
            _fill_unit(layers, places, head * part + k, part_of_logit, index)
            layers[f"head {head}"].add(0, [(k, part_of_logit.weight)])
    fill_clock(layers["nodes"], places, rounds)
    for unit, row in places.units.items():
        if landing(unit) is None:
            fill_node(layers, places, row, unit.form)
        else:
            copy = unit.form.single
            assert isinstance(copy, Fetched)
            layers["value"].add(row, [(place, 1.0) for place in places.node(copy.source)])
    for slot in circuit.slots:
        fill_slot(layers, places, circuit, slot.name)


def _layers(parameters: Parameters, places: Places) -> dict[str, Layer]:
    """The layers, in the order in which the benchmark numbers them."""
    width, both = places.width, 2 * places.width
    sizes = [("value", both, width), ("nodes", both, width), ("sender", both, width)]
    sizes += [("receiver", both, width), ("edge", width, width), ("graph", width, width)]
    sizes += [(f"head {head}", width // places.heads, 1) for head in range(places.heads)]
    names = numbered(f"{BASE}/linear", len(sizes))
    return {
        what: parameters.layer(name, inputs, outputs)
        for name, (what, inputs, outputs) in zip(names, sizes, strict=True)
    }


def _fill_unit(
    layers: Mapping[str, Layer], places: Places, row: int, unit: AttentionUnit, index: Atom
) -> None:
    """A unit of the attention's hidden layer."""
    for side, form in (("sender", unit.sender), ("receiver", unit.receiver)):
        for atom, coefficient in _indexed(form, index).terms:
            layers[side].add(row, [(place, coefficient) for place in places.node(atom)])
    for column, coefficient in unit.pair:
        assert isinstance(column, EdgeColumn) and column.against, column.origin
        layers["edge"].add(row, [(places.columns[column.port, column.component], coefficient)])
    layers["receiver"].add(row, (), unit.sender.constant + unit.receiver.constant)


def _indexed(form: Form, index: Atom) -> Form:
    """A form in which the index of a node stands for the feature that other networks have for it."""
    terms = [(index if _is_index(atom) else atom, c) for atom, c in form.terms]
    total = Form((), form.constant)
    for atom, coefficient in terms:
        total = total + Form(((atom, coefficient),))
    return total


def _is_index(atom: Atom) -> bool:
    return isinstance(atom, Feature) and atom.port == INDEX_PORT
