"""Every weight knows its operation, every operation its weights; other tools can read the file."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors import safe_open

import mechgap
from compiler.cases import COMPILED, FURTHER, by_target
from mechgap.compiler.attribution import attribute
from mechgap.compiler.passes import Compiled, CompileSettings, compile_program
from mechgap.compiler.provenance import ROLES, Provenance
from mechgap.interop.compiled import load_compiled, save_compiled
from mechgap.lang.expression import Expression, Variable
from mechgap.lang.text import Wording
from mechgap.nets.rollout import RolloutOptions, rollout
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load

SOURCES = Path(mechgap.__file__).parent.parent
by_program = pytest.mark.parametrize("name", COMPILED)


@cache
def compiled(name: str, target: str = "gatv2") -> Compiled:
    return compile_program(load(name).program, CompileSettings(n=16, target=target))


@cache
def provenance(name: str, target: str = "gatv2") -> Provenance:
    made = compiled(name, target)
    return attribute(made.plan, made.network)


def expressions(program) -> list[Expression]:
    roots = [*program.init.values(), *program.step.values(), program.halt, *program.outputs.values()]
    found: dict[Expression, None] = dict.fromkeys((*program.inputs, *program.state))
    while roots:
        expression = roots.pop()
        if expression not in found:
            found[expression] = None
            roots.extend(expression.children)
    return list(found)


@by_target
@by_program
def test_every_weight_comes_from_an_operation_of_the_program(name, target):
    made, found = compiled(name, target), provenance(name, target)
    program = made.program
    wording = Wording(program)
    known = {(wording.text(x), wording.name(x)) for x in expressions(program)}
    known |= {(v.name, None) for v in (*program.inputs, *program.state)} | {("me", None)}
    assert {(o.text, o.label) for o in found.operations} <= known
    weights = list(found.weights(made.network))
    assert len(weights) == made.certificate.nonzero
    parameters = dict(made.network.named_parameters())
    for weight in weights:
        assert weight.row is not None, weight
        assert weight.reads != "unused", weight
        assert weight.value == float(parameters[weight.parameter][weight.place].detach()) != 0
        assert weight.row == found.row(weight.parameter, weight.place)
        assert weight.row.role in ROLES


@by_target
@by_program
def test_every_step_of_a_variable_has_weights_that_write_it(name, target):
    """And the readout of every hint, and the halt condition."""
    made, found = compiled(name, target), provenance(name, target)
    program, layout = made.program, made.layout
    wording, end = Wording(program), f"rounds.{len(made.network.rounds) - 1}"
    nodes = [found.rows[f"{end}.skip.weight"], *(k for k in found.layers if k.startswith(f"{end}.mlp"))]
    pairs = [k for k in found.layers if k.startswith(f"{end}.pairs")]
    places = {**layout.slots, **layout.pair_slots}
    for variable, expression in program.step.items():
        for slot in layout.variables[variable.name]:
            last = found.layers[(pairs if slot in layout.pair_slots else nodes)[-1]]
            row = last[places[slot]]
            assert row is not None and (row.role, row.holds) == ("writes", slot)
            text = variable.name if expression is variable else wording.text(expression)
            expected = expression.name if isinstance(expression, Variable) else text
            assert found.operations[row.operation].text == expected
    roles = {row.role for layer in found.layers.values() for row in layer if row is not None}
    assert {"encodes", "writes", "reads out"} <= roles <= set(ROLES)


@by_program
def test_lines_are_those_of_the_sources(name):
    found = provenance(name)
    lined = [operation for operation in found.operations if operation.line]
    assert len(lined) >= len(found.operations) - 3, "constants of the language have no line"
    for operation in lined:
        file, _, number = operation.line.rpartition(":")
        assert file.startswith("mechgap/tasks/")
        text = (SOURCES / file).read_text().splitlines()[int(number) - 1]
        assert text.strip() and not text.strip().startswith(("#", '"""', "from", "import"))


def test_the_line_of_an_operation_says_what_it_says():
    found = {o.label or o.text: o.line for o in provenance("bfs").operations}
    source = (SOURCES / "mechgap/tasks/graphs/bfs.py").read_text().splitlines()

    def at(name: str) -> str:
        return source[int(found[name].rpartition(":")[2]) - 1]

    assert 'node.pointer("pi_h")' in at("pi_h")
    assert "any_of(offers)" in at("any[offers]")
    assert "where(newly" in at("if newly then offering else pi_h")


@by_program
def test_a_provenance_survives_json(name):
    data = json.loads(json.dumps(provenance(name).to_json()))
    assert Provenance.from_json(data) == provenance(name)


@by_target
def test_without_its_weights_an_operation_is_not_done(target):
    """Back from an operation to its weights: with those of the parents gone, parents are not found."""
    fresh = compile_program(load("bfs").program, CompileSettings(n=16, target=target))
    found = attribute(fresh.plan, fresh.network)
    (offering,) = [k for k, o in enumerate(found.operations) if o.label == "offering"]
    parameters = dict(fresh.network.named_parameters())
    with torch.no_grad():
        for weight in list(found.weights(fresh.network)):
            if weight.row is not None and weight.row.operation == offering:
                parameters[weight.parameter][weight.place] = 0.0
    batch = load("bfs").sample(0, 8, 4, p=1.0)
    exact = interpret(fresh.program, batch)
    trace = rollout(fresh.network, batch, RolloutOptions(lengths=exact.lengths))
    assert torch.equal(trace.values["reach_h"], exact.values["reach_h"])
    assert not torch.equal(trace.values["pi_h"], exact.values["pi_h"])


@by_program
def test_a_file_knows_where_its_weights_come_from(name, tmp_path):
    save_compiled(compiled(name), tmp_path / "c.safetensors")
    assert load_compiled(tmp_path / "c.safetensors").provenance == provenance(name)


@pytest.mark.parametrize("target", FURTHER)
@pytest.mark.parametrize("name", ["bfs", "bellman_ford", "floyd_warshall"])
def test_files_of_other_families_do_too(name, target, tmp_path):
    made = compiled(name, target)
    save_compiled(made, tmp_path / "c.safetensors")
    loaded = load_compiled(tmp_path / "c.safetensors")
    assert loaded.provenance == provenance(name, target)
    assert loaded.certificate == made.certificate
    weights = loaded.network.state_dict()
    assert all(torch.equal(weights[key], value) for key, value in made.network.state_dict().items())


@pytest.mark.parametrize("name", ["bfs", "bellman_ford", "dfs", "kmp_matcher", "components"])
def test_any_tool_can_read_variables_out_of_hidden_vectors(name, tmp_path):
    """With safetensors and json alone: nothing here but the file says where a variable is."""
    save_compiled(compiled(name), tmp_path / "c.safetensors")
    with safe_open(str(tmp_path / "c.safetensors"), framework="np") as file:
        extra = json.loads(file.metadata()["mechgap"])["extra"]
    layout, variables = json.loads(extra["layout"]), json.loads(extra["variables"])
    task = load(name)
    batch = task.sample(3, 6, 2)
    exact = interpret(task.program, batch)
    made = rollout(compiled(name).network, batch, RolloutOptions(lengths=exact.lengths, hidden=True)).hidden
    assert made is not None
    hidden = made.numpy()
    assert hidden.shape[-1] == layout["hidden"]
    assert [v["name"] for v in variables] == [v.name for v in task.program.state]
    for variable in variables:
        d, truth = variable["dimensions"], exact.values[variable["name"]].numpy()
        assert d == [layout["slots"][slot] for slot in layout["variables"][variable["name"]]]
        match variable["value"]:
            case "h[d] > 0.5":
                found = hidden[..., d[0]] > 0.5
            case "h[d]":
                found = hidden[..., d[0]]
            case "(h[d] + offset) * unit":
                found = (hidden[..., d[0]] + variable["offset"]) * np.float32(variable["unit"])
            case "position of the largest":
                found = hidden[..., d].argmax(-1)
        if variable["location"] == "graph":
            found = found[..., 0]
        np.testing.assert_array_equal(found, truth, err_msg=variable["name"])
