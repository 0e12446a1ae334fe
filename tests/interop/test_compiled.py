"""Files of compiled programs."""

from __future__ import annotations

import pytest
import torch

from compiler.cases import COMPILED
from mechgap.compiler.passes import CompileSettings, compile_program
from mechgap.errors import CheckpointError
from mechgap.interop.compiled import load_compiled, save_compiled
from mechgap.nets.network import Network
from mechgap.nets.storage import load, save
from mechgap.tasks.catalogue import load as load_task


@pytest.mark.parametrize("name", COMPILED)
def test_what_is_read_is_what_was_written(tmp_path, name):
    program = load_task(name).program
    compiled = compile_program(program, CompileSettings(n=16))
    save_compiled(compiled, tmp_path / "c.safetensors")
    found = load_compiled(tmp_path / "c.safetensors", program)
    assert (found.program, found.source, found.digest) == (name, program.source, program.digest)
    assert found.certificate == compiled.certificate
    assert found.layout == compiled.layout
    weights = zip(found.network.parameters(), compiled.network.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in weights)


def test_another_program_is_told(tmp_path):
    path = tmp_path / "c.safetensors"
    save_compiled(compile_program(load_task("bfs").program), path)
    assert load_compiled(path).program == "bfs"
    with pytest.raises(CheckpointError, match="compiled from the program bfs"):
        load_compiled(path, load_task("dfs").program)


def test_another_version_of_the_program_is_told(tmp_path):
    path = tmp_path / "c.safetensors"
    program = load_task("bfs").program
    save_compiled(compile_program(program), path)
    network, extra = load(path)
    save(network, path, {**extra, "digest": "0" * 64})
    with pytest.raises(CheckpointError, match="another version of it"):
        load_compiled(path, program)


def test_a_network_that_was_not_compiled_is_told(tmp_path):
    path = tmp_path / "c.safetensors"
    network = compile_program(load_task("bfs").program).network
    assert isinstance(network, Network)
    save(network, path)
    with pytest.raises(CheckpointError, match="without program, source"):
        load_compiled(path)
    save(network, path, dict.fromkeys(("program", "source", "digest", "layout", "certificate"), "{}"))
    with pytest.raises(CheckpointError, match="layout and certificate"):
        load_compiled(path)
