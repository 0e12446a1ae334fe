"""`mechgap diff` on files."""

from __future__ import annotations

import torch

from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.nets.network import Network
from mechgap.nets.storage import load, save
from mechgap.nets.symmetries import rearrange
from mechgap.tasks.catalogue import load as load_task


def rearranged(network: Network, seed: int) -> Network:
    return rearrange(network, torch.Generator().manual_seed(seed)).network


def test_files_of_one_network_are_equal(mechgap, tmp_path):
    network = compile_program(load_task("bfs").program, CompileSettings(n=16)).network
    save(network, tmp_path / "a.safetensors")
    save(rearranged(network, 3), tmp_path / "b.safetensors")
    done = mechgap("diff", "a.safetensors", "b.safetensors")
    assert done.code == 0
    assert "equal up to symmetries" in done.out
    assert mechgap("diff", "a.safetensors", "b.safetensors", "--json").data["equal"] is True


def test_a_changed_weight_is_shown(mechgap, tmp_path):
    mechgap("compile", "bfs", "--n", 16)
    network, extra = load(tmp_path / "bfs.safetensors")
    with torch.no_grad():
        network.rounds[0].mlp[0].weight[6, 7] = 1.5
    save(rearranged(network, 4), tmp_path / "other.safetensors", extra)
    done = mechgap("diff", "bfs.safetensors", "other.safetensors")
    assert done.code == 1
    assert "rounds.0.mlp.0.weight" in done.out
    assert "1 at [6, 7]" in done.out and "1.5 at [" in done.out
    data = mechgap("diff", "bfs.safetensors", "other.safetensors", "--json").data
    assert sum(module["different"] for module in data["modules"]) == 1
    assert mechgap("diff", "bfs.safetensors", "other.safetensors", "--tolerance", "0.5").code == 0


def test_what_cannot_be_compared_is_told(mechgap):
    mechgap("compile", "bfs", "--n", 16)
    mechgap("compile", "components", "--n", 16)
    done = mechgap("diff", "bfs.safetensors", "components.safetensors")
    assert done.code == 1
    assert "one shape" in done.err
    assert mechgap("diff", "bfs.safetensors", "nothing.safetensors").code == 1
