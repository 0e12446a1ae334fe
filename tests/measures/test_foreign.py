"""Foreign networks: our own networks, seen as foreign ones, score the same; plain functions; what misfits."""

from __future__ import annotations

import pytest
import torch

from mechgap.compiler.passes import compile_program
from mechgap.errors import MechgapError
from mechgap.lab.mixture import NetworkSteps
from mechgap.measures import foreign
from mechgap.measures.floors import References
from mechgap.measures.foreign import ForeignSubject, FunctionSteps
from mechgap.measures.panel import Bench, Setting, measure
from mechgap.measures.subject import NetworkSubject
from mechgap.nets.config import clrs_config
from mechgap.nets.network import Network
from mechgap.tasks.graphs import bfs


@pytest.fixture(scope="module")
def setting(graphs, rivals):
    others = tuple(program for name, program in rivals.items() if name != "bfs")
    return Setting(program=bfs.program, batch=graphs, rivals=others, valid=bfs.task.valid, swaps=6)


@pytest.fixture(scope="module")
def bench(setting):
    return Bench(setting)


def first(batch):
    """Which nodes are reached, and every node's parent as a number."""
    reached = batch.values["s"].float()
    return torch.stack([reached, torch.arange(batch.width).expand_as(reached).float()], -1)


def update(batch, vectors):
    """One round of BFS, with the attention that it implies."""
    reached = vectors[..., 0] > 0
    offers = (batch.values["adj"] & reached[:, :, None]).transpose(1, 2)
    newly = offers.any(-1) & ~reached
    chosen = offers.int().argmax(-1)
    parent = torch.where(newly, chosen.float(), vectors[..., 1])
    attention = torch.nn.functional.one_hot(chosen, batch.width).float()[:, None]
    return torch.stack([(reached | newly).float(), parent], -1), attention


def read_outputs(batch, vectors):
    return {"pi": vectors[..., 1].long()}


def read_hints(batch, vectors):
    return {"reach_h": vectors[..., 0] > 0, "pi_h": vectors[..., 1].long()}


WRITTEN = FunctionSteps(first, update, read_outputs, read_hints)


def test_our_own_networks_score_the_same_as_foreign_ones(bench):
    compiled = compile_program(bfs.program).network
    untrained = Network(clrs_config(bfs.program.interface, hidden=8, heads=2), seed=1)
    for network in (compiled, untrained):
        own = bench.gates(NetworkSubject(network, bfs.program))
        other = bench.gates(ForeignSubject(NetworkSteps(network, bfs.program), bfs.program))
        assert set(own.scores) <= set(other.scores)
        for name, value in other.scores.items():
            if name.startswith("ablation") and network is untrained:
                continue  # what is compared is decoded here, and chances there
            assert value.value == pytest.approx(own.scores[name].value, abs=1e-6, nan_ok=True), name


def test_plain_functions_are_measured_at_all_gates(setting):
    panel = measure(ForeignSubject(WRITTEN, bfs.program), setting)
    assert {name.partition("/")[0] for name in panel.rows} >= {
        "behaviour",
        "trace",
        "routing",
        "intervention",
    }
    for name in ("behaviour/valid", "trace/error", "routing/gap", "intervention/changed/bfs"):
        assert panel.rows[name].score.value == panel.rows[name].score.ideal
    assert panel.verdict.kept == ("bfs",)
    assert panel.conditions["untrained"] == 0
    assert panel.verdict.summary.endswith("(no untrained network stands beside)")
    assert panel.to_json()["verdict"]["floors"] is False


def test_untrained_foreign_networks_come_from_a_factory(setting):
    def untrained(seed):
        def noise(batch, vectors):
            generator = torch.Generator().manual_seed(seed)
            nodes = torch.rand(*vectors.shape[:2], 2, generator=generator)
            return (nodes * torch.tensor([1.0, batch.width - 1])).round()

        return ForeignSubject(FunctionSteps(first, noise, read_outputs, read_hints), bfs.program)

    references = References(random=2, untrained=untrained)
    panel = measure(ForeignSubject(WRITTEN, bfs.program), setting, references)
    row = panel.rows["behaviour/valid"]
    assert row.random.replicates == panel.conditions["untrained"] == 2
    assert row.gap.value == 0.0
    assert panel.verdict.floors
    assert panel.verdict.summary == "rejects bfs_distance, bfs_frontier"


def test_without_hints_and_attention_the_other_gates_are_left(bench):
    blind = FunctionSteps(first, lambda batch, vectors: update(batch, vectors)[0], read_outputs)
    found = bench.gates(ForeignSubject(blind, bfs.program)).scores
    gates = {name.partition("/")[0] for name in found}
    assert {"behaviour", "intervention"} <= gates
    assert not {"trace", "routing"} & gates
    assert found["intervention/changed/bfs"].value == 1.0


def test_batches_may_run_in_parts(graphs, exact, monkeypatch):
    subject = ForeignSubject(WRITTEN, bfs.program)
    whole = subject.run(graphs, exact.lengths, attention=True)
    monkeypatch.setattr(foreign, "CELLS", graphs.width**2 * foreign.WIDTH * 7)
    parts = subject.run(graphs, exact.lengths, attention=True)
    assert torch.equal(whole.hidden, parts.hidden)
    assert torch.equal(whole.outputs["pi"], parts.outputs["pi"])
    assert torch.equal(whole.values["pi_h"], parts.values["pi_h"])


@pytest.mark.parametrize(
    ("outputs", "hints", "told"),
    [
        (lambda b, v: {"pi": v[..., 1]}, None, "torch.int64"),
        (lambda b, v: {"pi": v[:, :1, 1].long()}, None, "[30, 12]"),
        (lambda b, v: {}, None, "no pi"),
        (read_outputs, lambda b, v: {"reached": v[..., 0] > 0}, "'reached'"),
    ],
    ids=["type", "shape", "missing", "name"],
)
def test_what_does_not_fit_the_program_is_refused(graphs, exact, outputs, hints, told):
    subject = ForeignSubject(FunctionSteps(first, update, outputs, hints), bfs.program)
    with pytest.raises(MechgapError, match="of a foreign network") as error:
        subject.run(graphs, exact.lengths)
    assert told in str(error.value)
