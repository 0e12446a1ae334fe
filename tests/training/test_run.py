"""Every option of a run: it learns, its rates follow the schedule, and it ends early when it should."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
import torch

from mechgap.errors import TrainingError
from mechgap.tasks.catalogue import load as load_task
from mechgap.training.loop import Company, train
from mechgap.training.settings import FAMILIES, HINTS, SCHEDULES, TrainingSettings
from training.cases import SETTINGS, begun, fresh, source, source_of

SMALL = TrainingSettings(hidden=16, sizes=(6,), batch=8, steps=3, learning_rate=3e-3)


@pytest.mark.parametrize("name", ["bfs", "insertion_sort"])
@pytest.mark.parametrize(("family", "hints"), list(product(FAMILIES, HINTS)))
def test_every_family_learns_with_every_use_of_hints(name, family, hints):
    task = load_task(name)
    settings = replace(SMALL, family=family, hints=hints)
    run, trace = begun(task, settings), source_of(task, settings)(0)
    assert run.network.config.rounds[0].family == family
    losses = [run.advance(trace) for _ in range(3)]
    totals = [sum(terms.values()) for terms in losses]
    assert totals[2] < totals[1] < totals[0] < float("inf")
    assert any(term.startswith("hint ") for term in losses[0]) == (hints != "none")
    assert run.network.config.encode_hints == (hints == "encoded_decoded")


@pytest.mark.parametrize(
    "change",
    [
        {"rounds": 2}, {"family": "mpnn", "gating": True}, {"family": "mpnn", "triplets": True},
        {"family": "mpnn", "triplets": True, "gating": True, "rounds": 2, "attend": "all"},
        {"family": "transformer", "heads": 4, "edge_values": True}, {"truncate": 1}, {"clip_by": "value"},
    ],
    ids=str,
)  # fmt: skip
def test_every_part_takes_part(change):
    """All weights have a gradient, and the loss falls."""
    task = load_task("bfs")
    settings = replace(SMALL, **change)
    run, trace = begun(task, settings), source_of(task, settings)(0)
    totals = [sum(run.advance(trace).values()) for _ in range(3)]
    assert totals[2] < totals[0]
    assert all(weight.grad is not None for name, weight in run.network.named_parameters() if weight.numel())
    assert len(run.network.rounds) == settings.rounds


def test_truncation_cuts_off_earlier_steps():
    """The loss stays, the gradient changes; after more steps than there are, nothing is cut off."""
    task = load_task("insertion_sort")
    gradients, totals = {}, set()
    for truncate in (0, 1, 2, 100):
        settings = replace(SMALL, hints="decoded_only", truncate=truncate)
        run = begun(task, settings)
        totals.add(sum(run.advance(source_of(task, settings)(0)).values()))
        gradients[truncate] = run.network.rounds[0].value.weight.grad
    assert len(totals) == 1 and torch.equal(gradients[0], gradients[100])
    for one, other in ((0, 1), (0, 2), (1, 2)):
        assert not torch.allclose(gradients[one], gradients[other], rtol=1e-3)


def test_clipping_by_value_bounds_every_number():
    run = fresh(replace(SETTINGS, clip=1e-3, clip_by="value"))
    run.advance(source(0))
    largest = [weight.grad.abs().max() for _, weight in run.weights() if weight.grad is not None]
    assert max(largest) == pytest.approx(1e-3)


@pytest.mark.parametrize("schedule", SCHEDULES)
def test_rates_follow_the_schedule(schedule):
    settings = replace(SETTINGS, schedule=schedule, steps=40, warmup=0.25, learning_rate=0.1)
    rates = [settings.rate(step) for step in range(40)]
    assert all(0 < rate <= 0.1 for rate in rates) and max(rates) == pytest.approx(0.1)
    if schedule == "constant":
        assert set(rates) == {0.1}
        return
    rising = 10 if schedule == "warmup_cosine" else 0
    assert rates[: rising + 1] == sorted(rates[: rising + 1])
    assert rates[rising:] == sorted(rates[rising:], reverse=True) and rates[-1] < 0.001
    middle = rising + (40 - rising) // 2
    assert rates[middle] == pytest.approx(0.05)
    run = fresh(replace(settings, steps=2))
    train(run, source)
    assert run.optimiser.param_groups[0]["lr"] == run.settings.rate(1)


def test_decay_takes_a_share_of_every_weight():
    """Where a weight has no gradient, decay is all that happens to it."""
    plain, decayed = (fresh(replace(SETTINGS, hints="none", weight_decay=w)) for w in (0.0, 10.0))
    before = plain.network.readouts["hint_reach_h"].linear.weight.clone()
    for run in (plain, decayed):
        run.advance(source(0))
    assert torch.equal(plain.network.readouts["hint_reach_h"].linear.weight, before)
    after = decayed.network.readouts["hint_reach_h"].linear.weight
    assert torch.allclose(after, before * (1 - 10 * SETTINGS.learning_rate))


@pytest.mark.parametrize(("patience", "steps"), [(0, 8), (1, 4), (2, 6), (3, 8)])
def test_a_run_ends_when_validations_stop_improving(patience, steps):
    scores = iter([0.5, 0.4, 0.5, 0.9])
    run = fresh(replace(SETTINGS, patience=patience, validate_every=2))
    assert train(run, source, Company(validate=lambda network: {"valid": next(scores)}))
    assert run.step == steps and run.done


def test_patience_needs_a_validation():
    with pytest.raises(TrainingError, match="patience = 2 without a validation"):
        train(fresh(replace(SETTINGS, patience=2)), source)
