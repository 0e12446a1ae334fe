"""One more task is one new file and one more name in a list; everything else finds it."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import mechgap

MODULE = '''
"""In-degrees: how many edges lead to each node (counted one edge at a time)."""

from __future__ import annotations

from ...lang.program import Program
from ...lang.vocabulary import any_of, anywhere, edge, first, me, node, receiver, sender, size, where
from ..samplers.graphs import sample_directed
from ..task import About, Complexity, Task

pos = node.scalar("pos", low=0, high=1)
A = edge.scalar("A")
adj = edge.mask("adj")
count = node.scalar("count", low=0, high=2**18, whole=True)
reached = node.pointer("reached")

ahead = adj & (sender(me) > receiver(reached))
more = any_of(ahead)
program = Program(
    "in_degree",
    inputs=(pos, A, adj),
    init={count: where(any_of(adj), 1, 0), reached: first(adj, default=me)},
    step={count: where(more, count + 1, count), reached: where(more, first(ahead), reached)},
    halt=~anywhere(more),
    outputs={"count": count},
    limit=size + 1,
    text="Counts the edges that lead to each node, loops as well.",
)
task = Task(
    program, sample_directed, about=About("graphs", "folklore", Complexity.NC, "counting is in TC0", "n")
)
'''
COMMANDS = """
import contextlib, io, json, sys
from mechgap.cli.main import main
def run(*words):
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        try:
            main(list(words))
        except SystemExit as left:
            assert not left.code, (words, out.getvalue())
    return out.getvalue()
found = {
    "list": json.loads(run("list", "--json")),
    "show": run("show", "in_degree"),
    "trace": json.loads(run("trace", "in_degree", "--n", "6", "--json")),
}
run("trace", "in_degree", "--n", "6", "--out", "in_degree-n6.npz")
for target in ("interpreter", "gatv2"):
    found[target] = json.loads(run("parity", ".", "--target", target, "--json"))
print(json.dumps(found))
"""


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """What the commands say in a copy of the package that has one task more."""
    folder = tmp_path_factory.mktemp("package")
    package = folder / "mechgap"
    source = Path(mechgap.__file__).parent
    shutil.copytree(source, package, ignore=shutil.ignore_patterns("__pycache__"))
    (package / "tasks" / "graphs" / "in_degree.py").write_text(MODULE.lstrip())
    catalogue = package / "tasks" / "catalogue.py"
    text = catalogue.read_text()
    assert text.count("MORE = (\n") == 1
    catalogue.write_text(text.replace("MORE = (\n", 'MORE = (\n    "graphs.in_degree",\n'))
    done = subprocess.run(
        [sys.executable, "-c", COMMANDS],
        cwd=folder,
        env={"PYTHONPATH": str(folder), "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_it_is_listed_and_shown(found):
    assert "in_degree" in [entry["name"] for entry in found["list"]]
    assert found["show"].startswith("program in_degree")


def test_it_runs(found):
    trace = found["trace"]
    assert (trace["program"], len(trace["nodes"])) == ("in_degree", 6)
    assert all(1 <= count <= 6 for count in trace["outputs"]["count"])
    assert trace["frames"] == max(trace["outputs"]["count"])


@pytest.mark.parametrize("target", ["interpreter", "gatv2"])
def test_its_runs_are_compared_with_recorded_ones(found, target):
    report = found[target]
    assert [file["task"] for file in report["files"]] == ["in_degree"]
    assert (report["mismatches"], report["refused"]) == (0, [])
    assert report["compared"] > 0
