"""The layout says where a variable is: reading it there gives the interpreter's trace."""

from __future__ import annotations

import json
from functools import cache
from itertools import islice

import pytest
import torch
from torch import Tensor

from compiler.cases import FURTHER_SLOWLY, REFUSED, TASKS, by_attention, by_target, graphs, inputs
from mechgap.compiler.layout import Head, Layout
from mechgap.compiler.passes import Compiled, CompileSettings, compile_program
from mechgap.kinds.categorical import Categorical
from mechgap.kinds.kind import AbstractKind
from mechgap.kinds.scalar import Scalar
from mechgap.lang.expression import Variable
from mechgap.lang.location import Location
from mechgap.lang.program import Program
from mechgap.lang.selections import selecting_expressions
from mechgap.lang.vocabulary import edge, first, graph, last, me, node, size, where
from mechgap.nets.rollout import RolloutOptions, rollout
from mechgap.nets.unrolling import Unrolling
from mechgap.semantics.batch import Batch
from mechgap.semantics.inputs import join
from mechgap.semantics.interpreter import interpret

adj = edge.mask("adj")
s = node.mask_one("s")
balance = node.scalar("balance", low=-99, high=9, whole=True, unit=0.5)
mood = node.categorical("mood", ("calm", "keen", "done"), internal=True)
debt = graph.scalar("debt", low=-6, high=0, whole=True)
chief = graph.pointer("chief")
signed = Program(
    "signed",
    (adj, s),
    {balance: where(s, -9, 4), mood: where(s, "keen", "calm"), debt: 0, chief: first(s)},
    {
        balance: where(mood == "keen", balance + 1, balance - 2),
        mood: where(mood == "keen", "done", where(mood == "done", "calm", "keen")),
        debt: debt - 1,
        chief: where(debt < -1, last(me == me), chief),
    },
    debt <= -4,
    {"balance": balance, "mood": mood, "debt": debt, "size": size + debt},
)
PROGRAMS = {
    **{name: task.program for name, task in TASKS.items() if name not in REFUSED},
    "signed": signed,
}
by_program = pytest.mark.parametrize("name", PROGRAMS)


@cache
def _compiled(name: str, target: str = "gatv2") -> Compiled:
    return compile_program(PROGRAMS[name], CompileSettings(target=target))


def _mixed(name: str) -> Batch:
    parts = ((6, 0.3), (1, 0.0), (4, 0.8))
    if name == "signed":
        return join([graphs(n, 2, p, "random") for n, p in parts])
    return join([inputs(name, n, 2, p, "random") for n, p in parts])


def _read(layout: Layout, name: str, hidden: Tensor) -> Tensor:
    """The numbers [..., C] that the layout says a variable is made of."""
    lows = [layout.offsets[slot] for slot in layout.variables[name]]
    return hidden[..., list(layout.dimensions(name))] + torch.tensor(lows)


def _has_two_parts(kind: AbstractKind) -> bool:
    return isinstance(kind, Scalar) and kind.low < 0 and not kind.whole


def _stored(variable: Variable, value: Tensor, width: int) -> Tensor:
    """What the slots of a variable should hold at every node: [..., N, C]."""
    kind = variable.kind
    if isinstance(kind, Scalar):
        value = (value / kind.unit).round() if kind.whole else value / kind.unit
    if variable.location is Location.GRAPH:
        value = value[..., None].expand(*value.shape, width)
    if isinstance(kind, Categorical):
        return torch.nn.functional.one_hot(value, len(kind.categories)).float()
    if _has_two_parts(kind):
        return torch.stack([value.clamp(min=0), (-value).clamp(min=0)], -1)
    return value.float()[..., None]


def _pairs(compiled: Compiled, batch: Batch, frames: int) -> Tensor:
    """The vectors at pairs of every frame."""
    run = Unrolling(compiled.network, batch, lambda frame, logits: {})
    with torch.no_grad():
        return torch.stack([frame.after.pairs for frame in islice(run, frames)])


@pytest.mark.parametrize("target", FURTHER_SLOWLY)
@by_program
def test_variables_are_read_out_of_hidden_vectors(name, target):
    compiled, batch = _compiled(name, target), _mixed(name)
    wanted = interpret(compiled.program, batch)
    hidden = rollout(compiled.network, batch, RolloutOptions(hidden=True)).hidden
    assert hidden is not None
    assert hidden.shape == (wanted.frames, len(batch), batch.width, compiled.layout.hidden)
    for variable in compiled.program.state:
        paired = variable.location is Location.EDGE
        live = wanted.live[..., None] & batch.nodes
        if paired:
            live = wanted.live[..., None, None] & batch.pairs
        vectors = _pairs(compiled, batch, wanted.frames) if paired else hidden
        found = _read(compiled.layout, variable.name, vectors)
        value = _stored(variable, wanted.values[variable.name], batch.width)
        error = compiled.certificate.errors.get(variable.name)
        if error is None:
            assert torch.equal(found[live], value[live]), variable.name
        else:
            assert bool(((found - value).abs() <= error)[live].all()), variable.name


@by_target
@by_program
def test_slots_have_dimensions_of_their_own(name, target):
    layout = _compiled(name, target).layout
    config = _compiled(name, target).network.config
    for slots, width in ((layout.slots, config.hidden), (layout.pair_slots, config.pairs)):
        assert sorted(slots.values()) == list(range(len(slots)))
        assert len(slots) <= width
    assert (layout.hidden, layout.pairs) == (config.hidden, config.pairs)
    assert set(layout.offsets) == {*layout.slots, *layout.pair_slots}
    for variable in PROGRAMS[name].state:
        count = len(variable.kind.categories) if isinstance(variable.kind, Categorical) else 1
        count += _has_two_parts(variable.kind)
        assert len(layout.dimensions(variable.name)) == count


@by_program
def test_nothing_is_stored_below_zero(name):
    compiled = _compiled(name)
    hidden = rollout(compiled.network, _mixed(name), RolloutOptions(hidden=True)).hidden
    assert hidden is not None
    assert bool((hidden >= 0).all())
    for slot, low in compiled.layout.offsets.items():
        assert low <= 0, slot


@by_program
def test_a_layout_survives_json(name):
    layout = _compiled(name).layout
    data = layout.to_json()
    assert json.loads(json.dumps(data)) == data
    assert Layout.from_json(json.loads(json.dumps(data))) == layout


@by_target
@by_program
def test_heads_are_where_the_network_attends_and_know_their_selections(name, target):
    compiled = _compiled(name, target)
    layout, rounds = compiled.layout, compiled.network.config.rounds
    places = [(head.round, head.head) for head in layout.heads]
    assert len(places) == len(set(places)) == compiled.certificate.heads
    assert bool(places) == (target != "mpnn")
    for head in layout.heads:
        assert head.head < rounds[head.round].heads
        assert head.origin
    named = {selection for head in layout.heads for selection in head.selections}
    assert named <= set(selecting_expressions(compiled.program))


@by_attention
@pytest.mark.parametrize("name", ["bfs", "bellman_ford", "dfs", "bfs_seq"])
def test_the_heads_of_a_selection_attend_what_it_chooses(name, target):
    """In active rows a head is one at an admissible sender and zero elsewhere.

    A mask with several alternatives has a head for each; one of them attends what is chosen.
    """
    compiled, batch = _compiled(name, target), graphs(7, 4, 0.3, "random")
    wanted = interpret(compiled.program, batch, selections=True)
    attention = rollout(compiled.network, batch, RolloutOptions(attention=True)).attention
    seen = 0
    for selection, recorded in wanted.selections.items():
        heads = [head for head in compiled.layout.heads if selection in head.selections]
        weights = [attention[h.round][: wanted.frames - 1, :, h.head] for h in heads]
        if recorded.chosen.dim() == 2:  # of the graph: every node attends alike
            weights = [w.amax(2) for w in weights]
        live = wanted.live[1:] if recorded.chosen.dim() == 2 else wanted.live[1:, :, None]
        rows = recorded.active & live
        right = [(w.amax(-1) == 1) & ((w > 0) <= recorded.admissible).all(-1) for w in weights]
        if right:
            assert bool(torch.stack(right).any(0)[rows].all()), selection
            seen += int(rows.sum())
    assert seen


def test_an_unknown_selection_has_no_head():
    layout = Layout(1, {"x": 0}, {"x": 0.0}, {"x": ("x",)}, (Head(0, 0, ("best",), "min of d"),))
    assert layout.head_of("best") == layout.heads[0]
    assert layout.head_of("worst") is None
