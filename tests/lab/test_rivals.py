"""Rivals, other ties, networks in files."""

from __future__ import annotations

import pytest
import torch

from compiler.cases import COMPILED
from mechgap.compiler.passes import compile_program
from mechgap.errors import CheckpointError, NotFoundError
from mechgap.interop.compiled import save_compiled
from mechgap.lab.families import FAMILIES
from mechgap.lab.rivals import other_ties, read_network, rivals, tie_variants
from mechgap.nets.network import Network
from mechgap.nets.storage import save
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import NAMES, load
from mechgap.training.checkpoint import save as save_training
from mechgap.training.run import Run
from mechgap.training.settings import TrainingSettings

EQUAL = next(family for family in FAMILIES if family.numbers)


def test_rivals_have_the_same_ports_and_halt_alike():
    assert [p.name for p in rivals(load("bfs"))] == ["bfs_frontier", "bfs_distance"]
    assert rivals(load("dfs")) == ()
    assert [p.name for p in rivals(load("bfs"), ["bfs_seq"])] == ["bfs_seq"]
    with pytest.raises(NotFoundError, match="other inputs, hints or outputs"):
        rivals(load("bfs"), ["dfs"])


def test_rivals_of_every_task_run_and_are_few():
    found = {name: [p.name for p in rivals(load(name))] for name in NAMES}
    assert sum(map(len, found.values())) < len(NAMES)
    for name, others in found.items():
        for other in others:
            assert load(other).program.interface == load(name).program.interface


WITHOUT_VALID = {"activity_selector", "task_scheduling"}
"""Tasks with free choices that do not say yet which other answers are right."""


@pytest.mark.parametrize("name", COMPILED)
def test_other_ties_are_another_right_run(name):
    task = load(name)
    variant = other_ties(task.program)
    assert (variant is None) == (not tie_variants(task.program))
    if variant is None or name in WITHOUT_VALID:
        return
    batch = EQUAL.build(task, 0, 12, 16)
    own, other = (interpret(program, batch).outputs for program in (task.program, variant))
    assert any(not torch.equal(own[port], other[port]) for port in own)
    assert task.valid is not None
    assert torch.equal(task.valid(other, batch), batch.nodes)


def test_networks_are_read_from_files_of_all_sorts(tmp_path):
    program = load("bfs").program
    run = Run.start(program.interface, TrainingSettings(hidden=4))
    save(run.network, tmp_path / "trained")
    save_training(run, tmp_path / "checkpoint")
    save_compiled(compile_program(load("bfs_distance").program), tmp_path / "compiled")
    for name in ("trained", "checkpoint", "compiled"):
        assert isinstance(read_network(tmp_path / name, program), Network)
    with pytest.raises(CheckpointError, match="the ports"):
        read_network(tmp_path / "trained", load("dfs").program)
    with pytest.raises(CheckpointError, match="cannot be read"):
        read_network(tmp_path / "nothing", program)
