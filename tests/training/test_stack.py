"""Runs that are trained side by side: each is the run that it would be alone."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import vmap

from mechgap.errors import TrainingError
from mechgap.nets import edge_keys, pairs
from mechgap.nets.config import clrs_config, mpnn_config
from mechgap.nets.network import Network
from mechgap.semantics.trace import Trace
from mechgap.tasks.graphs.bfs import task
from mechgap.training.checkpoint import load, save
from mechgap.training.lessons import Lessons
from mechgap.training.run import Run
from mechgap.training.stack import Stack, obstacle
from nets.cases import (
    MPNN,
    MPNN_LINKED,
    MPNN_PAIRS,
    MPNN_THIRDS,
    MPNN_TRIPLES,
    PAIRS,
    TRANSFORMER,
    TRANSFORMER_PAIRS,
    everything,
    flat_graphs,
    random_batch,
    random_value,
    small_config,
)
from training.cases import SETTINGS, source

SEEDS = (0, 1, 2)
FAMILIES = {
    "clrs gatv2": (lambda: clrs_config(task.program.interface, 8), True),
    "clrs mpnn": (lambda: mpnn_config(task.program.interface, 8), True),
    "gatv2": (lambda: small_config(flat_graphs()), False),
    "all kinds": (lambda: small_config(everything(), encode_hints=False), False),
    "prologue": (lambda: small_config(flat_graphs(), prologue=small_config(flat_graphs()).rounds), False),
    **{
        name: (lambda kept=kept: small_config(flat_graphs(), **kept), False)
        for name, kept in {
            "gatv2 with pairs": PAIRS,
            "transformer": TRANSFORMER,
            "transformer with pairs": TRANSFORMER_PAIRS,
            "mpnn": MPNN,
            "linked mpnn": MPNN_LINKED,
            "mpnn with pairs": MPNN_PAIRS,
            "mpnn with triples": MPNN_TRIPLES,
            "mpnn with triples only": MPNN_THIRDS,
        }.items()
    },
}

by_family = pytest.mark.parametrize(("config", "real"), FAMILIES.values(), ids=FAMILIES)


def runs(config, dtype=torch.float64, **changes):
    """A run of each seed, that has not begun.

    Numbers are long ones: gradients that are zero but for rounding, as of what the softmax takes away,
    become whole steps of Adam.
    """
    return [
        Run.of(Network(config, seed).to(dtype), replace(SETTINGS, seed=seed, **changes)) for seed in SEEDS
    ]


def random_trace(interface, seed, step):
    """A random trace of three graphs of other numbers of frames, padded."""
    generator = torch.Generator().manual_seed(100 * seed + step)
    frames = int(torch.randint(1, 5, (), generator=generator))
    batch, _ = random_batch(interface, [4, 1, 3], 100 * seed + step)
    values = {
        port.name: torch.stack([random_value(port, batch.nodes, generator) for _ in range(frames)])
        for port in interface.hints
    }
    lengths = torch.randint(1, frames + 1, (3,), generator=generator)
    lengths[step % 3] = frames
    outputs = {port.name: random_value(port, batch.nodes, generator) for port in interface.outputs}
    some = (interface.outputs[0], *interface.hints) if seed == 1 else ()
    defined = {port.name: random_value(port, batch.nodes, generator) > 0 for port in some}
    return Trace(batch, values, lengths, outputs, defined=defined)


def data(config, real):
    """The trace of a run's step."""
    if real:
        return lambda run: source(1000 * run.settings.seed + 2 * run.step)
    return lambda run: random_trace(config.interface, run.settings.seed, run.step)


def farthest(some, others):
    """The largest difference of a weight."""
    weights = [
        (one, other)
        for a, b in zip(some, others, strict=True)
        for one, other in zip(a.network.parameters(), b.network.parameters(), strict=True)
    ]
    return max((one - other).detach().abs().max().item() for one, other in weights if one.numel())


def together(stack, given):
    return stack.advance([given(run) for run in stack.runs])


@by_family
def test_stacked_runs_have_the_weights_of_single_ones(config, real):
    shape, steps = config(), 20 if real else 6
    alone, beside = (runs(shape, soft=real) for _ in range(2))
    given, stack = data(shape, real), Stack(beside)
    for _ in range(steps):
        terms = [run.advance(given(run)) for run in alone]
        found = together(stack, given)
        for one, other in zip(terms, found, strict=True):
            assert sum(one.values()) == pytest.approx(sum(other.values()), abs=1e-5)
    assert [run.step for run in beside] == [steps] * 3
    assert farthest(alone, beside) < 1e-5
    assert farthest(alone, runs(shape)) > 1e-3


@by_family
def test_the_way_without_blocks_gives_the_same(config, real, monkeypatch):
    """Of graphics cards; here on a processor."""
    shape = config()
    given = data(shape, real)
    usual, plain = Stack(runs(shape)), Stack(runs(shape))
    together(usual, given)
    for module in (pairs, edge_keys):
        monkeypatch.setattr(
            module,
            "side_by_side",
            lambda function, plain, count, places, inputs: vmap(plain, places)(*inputs),
        )
    together(plain, given)
    assert farthest(usual.runs, plain.runs) < 1e-9


def test_the_penalty_on_weights_is_that_of_each_run():
    config = clrs_config(task.program.interface, 8)
    alone, beside, given = runs(config, l1=1e-3), runs(config, l1=1e-3), data(config, True)
    stack = Stack(beside)
    for _ in range(2):
        terms = [run.advance(given(run))["l1"] for run in alone]
        assert terms == pytest.approx([found["l1"] for found in together(stack, given)], rel=1e-5)
    assert len(set(terms)) == 3


OPTIONS = {
    "schedule": {"schedule": "warmup_cosine", "warmup": 0.5, "steps": 8},
    "weight decay": {"weight_decay": 0.1},
    "clipping by value": {"clip_by": "value", "clip": 1e-3},
    "no hints": {"hints": "none"},
    "hints decoded only": {"hints": "decoded_only"},
    "gated triplets": {"family": "mpnn", "gating": True, "triplets": True},
    "two rounds": {"rounds": 2, "heads": 2},
}


@pytest.mark.parametrize("changes", OPTIONS.values(), ids=OPTIONS)
def test_every_option_does_the_same_in_a_stack(changes):
    settings = replace(SETTINGS, **changes)
    config = settings.network(task.program.interface)
    alone, beside = runs(config, **changes), runs(config, **changes)
    given, stack = data(config, True), Stack(beside)
    for _ in range(4):
        terms = [run.advance(given(run)) for run in alone]
        found = together(stack, given)
        sums = [[sum(named.values()) for named in each] for each in (terms, found)]
        assert sums[0] == pytest.approx(sums[1], abs=1e-5)
    assert farthest(alone, beside) < 1e-5
    if not changes.get("family"):
        assert farthest(alone, runs(config)) > 1e-4


@pytest.mark.parametrize("changes", [{"attention": 1.0}, {"truncate": 2}], ids=["attention", "truncate"])
def test_what_stacks_cannot_do_is_refused(changes):
    config = clrs_config(task.program.interface, 8)
    assert not obstacle(runs(config)[0])
    with pytest.raises(TrainingError, match=obstacle(runs(config, **changes)[0])):
        Stack(runs(config, **changes))


def test_a_run_goes_on_alone_or_from_its_file_as_in_the_stack(tmp_path):
    config = clrs_config(task.program.interface, 8)
    beside, given = runs(config), data(config, True)
    stack = Stack(beside)
    for _ in range(3):
        together(stack, given)
    for run in beside:
        save(run, tmp_path / f"{run.settings.seed}")
    loaded = [load(tmp_path / f"{seed}") for seed in SEEDS]
    again = Stack([load(tmp_path / f"{seed}") for seed in SEEDS])
    for _ in range(3):
        together(stack, given)
        together(again, given)
        for run in loaded:
            run.advance(given(run))
    assert farthest(beside, loaded) < 1e-9 and farthest(beside, again.runs) == 0.0
    alone = beside[1]
    others = [weight.clone() for weight in beside[0].network.parameters()]
    alone.advance(given(alone))
    loaded[1].advance(given(loaded[1]))
    assert farthest([alone], [loaded[1]]) < 1e-9
    assert all(torch.equal(a, b) for a, b in zip(others, beside[0].network.parameters(), strict=True))


def test_a_run_whose_loss_is_no_number_stops_alone():
    config = mpnn_config(task.program.interface, 8)
    alone, beside = runs(config), runs(config)
    given, stack = data(config, True), Stack(beside)
    for step in range(6):
        if step == 3:
            with torch.no_grad():
                beside[1].network.rounds[0].skip.weight[0, 0] = float("nan")
            kept = [weight.clone() for weight in beside[1].network.parameters()]
        found = together(stack, given)
        for run in alone:
            run.advance(given(run))
        if step == 3:
            assert found[1] is None and found[0] and found[2]
    assert beside[1].step == 3 and "step 3" in str(beside[1].error)
    assert all(
        torch.equal(a.nan_to_num(), b.nan_to_num())
        for a, b in zip(kept, beside[1].network.parameters(), strict=True)
    )
    assert stack.runs == [beside[0], beside[2]] and not beside[0].error
    assert farthest(alone[::2], beside[::2]) < 1e-5
    for run in stack.runs:
        with torch.no_grad():
            run.network.rounds[0].skip.weight.fill_(float("inf"))
    assert together(stack, given) == [None, None] and stack.runs == []


def test_runs_that_do_not_go_together_are_refused():
    config = clrs_config(task.program.interface, 8)
    some = runs(config)
    some[1].step = 1
    with pytest.raises(TrainingError, match="side by side, step"):
        Stack(some)
    with pytest.raises(TrainingError, match="side by side, clip"):
        Stack([*runs(config)[:1], *runs(config, clip=0.5)[1:]])
    with pytest.raises(TrainingError, match="none"):
        Stack([])
    with pytest.raises(TrainingError, match="the same numbers"):
        Lessons.of(some[0].network, [source(0), source(1)], [None, None])
