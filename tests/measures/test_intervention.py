"""Exchanges of node states: programs as their own subjects, rivals apart, sites well chosen."""

from __future__ import annotations

import pytest
import torch

from mechgap.errors import MechgapError
from mechgap.measures.donors import draw_pairs, redrawn
from mechgap.measures.intervention import carry_out, inert, judge
from mechgap.measures.subject import ProgramSubject
from mechgap.measures.swaps import plan_swaps
from mechgap.tasks.catalogue import NAMES, load
from mechgap.tasks.graphs import bfs, dfs
from mechgap.tasks.samplers.graphs import sample_directed, sample_reachability

PAIRS = [("bfs", "bfs_distance"), ("bfs", "bfs_frontier"), ("bfs_distance", "bfs_frontier")]


@pytest.fixture(scope="module")
def judged(rivals, plan):
    """Every rival as a subject, judged under all of them."""
    return {
        name: judge(carry_out(ProgramSubject(program), plan), plan, name) for name, program in rivals.items()
    }


STATE_ELSEWHERE = {
    *("minimum", "binary_search", "find_maximum_subarray_kadane", "activity_selector"),
    *("matrix_chain_order", "lcs_length", "optimal_bst", "floyd_warshall"),
    *("naive_string_matcher", "kmp_matcher", "transitive_closure", "transitive_closure_seq"),
}
"""Tasks whose runs differ at the graph or at pairs wherever they differ: no node state can be exchanged."""
WITHOUT_CHANGE = {"jarvis_march", "independent_set", "segments_intersect"}
"""Tasks in which no exchange on these few inputs changes an answer at another node."""


def _planned(name):
    task = load(name)
    pairs = draw_pairs(task.program.interface, task.sample(0, 8, 6, p=0.35), donors=2)
    return plan_swaps({name: task.program}, pairs, swaps=6)


@pytest.mark.parametrize("name", [name for name in NAMES if name not in STATE_ELSEWHERE])
def test_a_program_causes_what_it_says(name):
    """The design holds for every task, sequential ones with graph state too."""
    plan = _planned(name)
    scores = judge(carry_out(ProgramSubject(load(name).program), plan), plan, name)
    for part in ("unchanged",) if name in WITHOUT_CHANGE else ("changed", "unchanged"):
        assert scores[f"{part}/{name}"].n > 0
        assert scores[f"{part}/{name}"].value == 1.0


@pytest.mark.parametrize("name", sorted(STATE_ELSEWHERE))
def test_a_task_without_exchanges_is_told(name):
    with pytest.raises(MechgapError, match="state at nodes"):
        _planned(name)


@pytest.mark.parametrize(("left", "right"), PAIRS)
def test_rivals_with_equal_outputs_are_told_apart_completely(judged, left, right):
    for own, other in [(left, right), (right, left)]:
        scores = judged[own]
        assert scores[f"dis/{own}/{other}"].n >= 50
        assert scores[f"dis/{own}/{other}"].value == 1.0
        assert scores[f"dis/{other}/{own}"].value == 0.0
        assert scores[f"delta/{own}/{other}"].value == 1.0


def test_the_difference_is_the_difference(judged):
    for scores in judged.values():
        for name, found in scores.items():
            if name.startswith("delta/"):
                _, left, right = name.split("/")
                agreed = scores[f"dis/{left}/{right}"].value - scores[f"dis/{right}/{left}"].value
                assert found.value == pytest.approx(agreed)


def test_ideals_are_what_the_program_scores(judged):
    for scores in judged.values():
        assert all(s.value == s.ideal for s in scores.values() if s.ideal == s.ideal)


def test_an_inert_subject_changes_nothing(rivals, plan):
    """Ignoring all exchanges agrees with a rival wherever that rival predicts no change: the trap."""
    scores = judge(inert(plan, "bfs"), plan, "bfs")
    for name in rivals:
        assert scores[f"changed/{name}"].value == 0.0
        assert scores[f"unchanged/{name}"].value == 1.0
    assert scores["dis/bfs/bfs_distance"].value == 1.0


def test_ties_do_not_matter(plan):
    """A subject may answer with any admissible parent."""
    answer = plan.predictions["bfs"].swapped["pi"]
    last = (answer.choices * torch.arange(plan.batch.width)).argmax(-1)
    assert not torch.equal(last, answer.value)
    scores = judge({"pi": last}, plan, "bfs")
    assert scores["changed/bfs"].value == scores["unchanged/bfs"].value == 1.0


def test_the_node_of_the_exchange_is_not_judged(plan):
    rows = torch.arange(len(plan.lengths))
    answer = plan.predictions["bfs"].swapped["pi"].value.clone()
    answer[rows, plan.sites.node] = -1
    assert judge({"pi": answer}, plan, "bfs")["changed/bfs"].value == 1.0
    assert not plan.judged[rows, plan.sites.node].any()


def test_sites_are_in_frames_of_both_runs_and_matter(rivals, plan):
    assert (plan.sites.step >= 1).all()
    assert (plan.lengths > plan.sites.step).all()
    counts = torch.bincount(plan.graph)
    assert counts.max() <= 12
    pair = plan.sites.pair
    base, donor = plan.pairs.base.values["s"][pair], plan.pairs.donor.values["s"][pair]
    assert not (base & donor).any()
    assert torch.equal(plan.pairs.base.values["adj"][pair], plan.pairs.donor.values["adj"][pair])


def test_equal_seeds_make_equal_plans(rivals, graphs, plan):
    again = plan_swaps(rivals, draw_pairs(bfs.program.interface, graphs), swaps=12)
    assert torch.equal(again.sites.node, plan.sites.node)
    other = plan_swaps(rivals, draw_pairs(bfs.program.interface, graphs, seed=1), swaps=12, seed=1)
    assert other.sites.node.tolist() != plan.sites.node.tolist()


def test_rows_predicted_in_parts_are_the_same(rivals, graphs, plan, monkeypatch):
    monkeypatch.setattr("mechgap.measures.swaps.CELLS", 50 * graphs.width**2)
    again = plan_swaps(rivals, draw_pairs(bfs.program.interface, graphs), swaps=12)
    assert torch.equal(again.lengths, plan.lengths)
    for name, prediction in plan.predictions.items():
        assert torch.equal(again.predictions[name].swapped["pi"].choices, prediction.swapped["pi"].choices)


def test_donors_are_other_inputs_on_the_same_graphs(graphs):
    other = redrawn(bfs.program.interface, graphs, seed=3)
    assert (other.values["s"].sum(1) == 1).all()
    assert not (other.values["s"] & graphs.values["s"]).any()
    assert torch.equal(other.values["adj"], graphs.values["adj"])
    single = sample_reachability(0, 1, 2)
    assert torch.equal(redrawn(bfs.program.interface, single).values["s"], single.values["s"])


def test_without_a_source_donors_are_other_graphs_of_the_same_size():
    batch = sample_directed(0, 6, 5, p=0.4)
    other = redrawn(dfs.program.interface, batch)
    for row in range(5):
        assert not torch.equal(other.values["adj"][row], batch.values["adj"][row])


def test_graphs_without_a_site_are_an_error_that_helps():
    pairs = draw_pairs(bfs.program.interface, sample_reachability(0, 1, 3))
    with pytest.raises(MechgapError, match="larger or sparser graphs"):
        plan_swaps({"bfs": bfs.program}, pairs)


def test_rivals_must_answer_the_same_question(graphs):
    pairs = draw_pairs(bfs.program.interface, graphs)
    with pytest.raises(MechgapError, match="same question"):
        plan_swaps({"bfs": bfs.program, "reach": _reach()}, pairs)


def _reach():
    from mechgap.lang.program import Program
    from mechgap.tasks.graphs.bfs import A, adj, newly, pos, reached, s

    halt = bfs.program.halt
    return Program("reach", (pos, s, A, adj), {reached: s}, {reached: reached | newly}, halt, {"r": reached})
