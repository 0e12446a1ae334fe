"""Finding tasks by name and in users' files."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import mechgap.tasks
from mechgap.errors import FileFormatError, NotFoundError, ProgramError
from mechgap.tasks.catalogue import CLRS_NAMES, MODULES, NAMES, load
from mechgap.tasks.variants import showing

PROGRAM = """
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import any_of, anywhere, edge, node, sender
adj, s, seen = edge.mask("adj"), node.mask_one("s"), node.mask("seen")
grown = seen | any_of(sender(seen) & adj)
flood = Program("flood", (adj, s), {seen: s}, {seen: grown}, ~anywhere(grown & ~seen), {"seen": seen})
"""


@pytest.mark.parametrize("name", NAMES)
def test_a_task_has_the_name_of_its_file(name):
    assert load(name).name == name
    assert load(name) is load(name)


def test_every_file_that_makes_a_task_is_listed():
    folder = Path(mechgap.tasks.__file__).parent
    files = [path.relative_to(folder) for path in folder.rglob("*.py") if "\ntask = " in path.read_text()]
    assert {".".join(path.with_suffix("").parts) for path in files} == set(MODULES)


def test_names_are_unique_and_say_what_is_of_clrs():
    assert len(set(NAMES)) == len(NAMES) == len(MODULES)
    assert len(CLRS_NAMES) == 30
    assert set(CLRS_NAMES) <= set(NAMES)
    for name in NAMES:
        assert load(name).about is not None


def test_no_array_library_is_needed_to_show_a_program():
    code = """
import sys
from mechgap.tasks.catalogue import NAMES, load
assert all(load(name).program.source for name in NAMES)
print(*sorted({"torch", "numpy"} & set(sys.modules)))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_program_in_a_users_file(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(PROGRAM)
    for name in (f"{path}:flood", str(path)):
        task = load(name)
        assert task.name == "flood"
        assert task.valid is None
        assert sorted(task.sample(0, 4, 2).values) == ["adj", "s"]


def test_a_task_in_a_users_file_that_imports_its_neighbour(tmp_path):
    (tmp_path / "neighbour_of_mine.py").write_text(PROGRAM)
    path = tmp_path / "mine.py"
    path.write_text(
        "from neighbour_of_mine import flood\nfrom mechgap.tasks.task import Task\n"
        "from mechgap.tasks.graphs.bfs import task as bfs\nmine = Task(flood, bfs.sample)\n"
    )
    assert load(f"{path}:mine").sample is load("bfs").sample
    assert str(tmp_path) not in sys.path
    with pytest.raises(NotFoundError, match="3 programs and tasks"):
        load(str(path))


def test_unknown_names_are_answered_with_the_known_ones(tmp_path):
    for name in ("bsf", "bsf:x", "", "a/b"):
        with pytest.raises(NotFoundError, match="bellman_ford"):
            load(name)
    with pytest.raises(NotFoundError, match="no such file"):
        load(f"{tmp_path}/none.py:flood")
    path = tmp_path / "mine.py"
    path.write_text(PROGRAM)
    with pytest.raises(NotFoundError, match="one of flood"):
        load(f"{path}:drought")
    path.write_text("x = 1\n")
    with pytest.raises(NotFoundError, match="a module variable"):
        load(f"{path}:flood")


@pytest.mark.parametrize(
    ("text", "line", "given"),
    [("x = (\n", "line 1", "SyntaxError"), ("\n\nimport nowhere_at_all\n", "line 3", "ModuleNotFoundError")],
)
def test_a_file_that_does_not_run_is_told_with_its_line(tmp_path, text, line, given):
    path = tmp_path / "mine.py"
    path.write_text(text)
    with pytest.raises(FileFormatError, match=f"(?s){line}.*{given}"):
        load(f"{path}:flood")


def test_faults_of_a_users_program_come_through(tmp_path):
    path = tmp_path / "mine.py"
    path.write_text(PROGRAM.replace('node.mask_one("s")', 'node.scalar("s")'))
    with pytest.raises(ProgramError):
        load(f"{path}:flood")


def test_a_variant_shows_only_the_hints_it_names():
    bfs = load("bfs").program
    shown = showing(bfs, "bfs_blind", hints=("pi_h",))
    assert [port.name for port in shown.interface.hints] == ["pi_h"]
    assert [variable.name for variable in shown.state] == [variable.name for variable in bfs.state]
    body = shown.source.split("step", 1)[1]
    assert body == bfs.source.split("step", 1)[1]
    with pytest.raises(NotFoundError, match="reach_h, pi_h"):
        showing(bfs, "bfs_blind", hints=("pi",))
