"""Pages of tasks: what they say, what they draw, and that those in docs/tasks are up to date."""

from __future__ import annotations

import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from mechgap.cli.main import main
from mechgap.kinds.categorical import Categorical
from mechgap.kinds.mask import Mask
from mechgap.kinds.pointer import Pointer
from mechgap.kinds.scalar import Scalar
from mechgap.lang.location import Location
from mechgap.lang.program import Program
from mechgap.lang.vocabulary import edge, graph, index, me, node, receiver, sender
from mechgap.report.task_canvas import Canvas
from mechgap.report.task_facts import SIZES, measurements
from mechgap.report.task_figure import run_figure
from mechgap.report.task_page import HEADS, index_page, task_page
from mechgap.report.task_pages import INDEX, page_files, task_files, write_pages
from mechgap.report.task_run import appearance, drawn_run, initials, number
from mechgap.tasks.catalogue import NAMES, load
from mechgap.tasks.defaults import default_task

PAGES = Path(__file__).parent.parent.parent / "docs" / "tasks"
LARGEST = 60_000
"""Bytes of a picture."""


def stored(name: str) -> str:
    path = PAGES / name
    return path.read_text(encoding="utf-8") if path.is_file() else "missing"


# ---- what is in docs/tasks


@pytest.mark.parametrize("name", ["bfs", "bellman_ford"])
def test_some_pages_are_up_to_date(name):
    for file, content in page_files(task_page(load(name))).items():
        assert stored(file) == content, f"docs/tasks/{file} is not up to date: run `make docs`"


@pytest.mark.slow
def test_all_pages_are_up_to_date():
    made = dict(task_files([load(name) for name in NAMES]))
    old = sorted(path.name for path in PAGES.iterdir() if path.suffix in (".md", ".svg"))
    assert old == sorted(made), "run `make docs`"
    assert [name for name, content in made.items() if stored(name) != content] == [], "run `make docs`"


def test_pages_hang_together():
    """Links lead somewhere, pictures are small and well formed."""
    for path in sorted(PAGES.glob("*.md")):
        for target in re.findall(r"\]\(([^)#:]+)\)", path.read_text(encoding="utf-8")):
            assert (PAGES / target).is_file(), f"{path.name}: {target}"
    for path in sorted(PAGES.glob("*.svg")):
        assert path.stat().st_size < LARGEST, path.name
        assert ElementTree.parse(path).getroot().find("{*}title") is not None


# ---- pages


@pytest.fixture(scope="module")
def own() -> Program:
    """A program with a variable of every kind, and no list, graph or coordinates."""
    table, near = edge.scalar("table", low=0, high=999, whole=True), edge.mask("near")
    letter = node.categorical("letter", ["left", "middle", "right"])
    pair, mood = edge.pointer("pair"), graph.categorical("mood", ["up", "down"])
    clock = graph.scalar("clock", low=0, high=9, whole=True, unit=0.01)
    hidden = graph.mask("hidden", internal=True)
    key = node.scalar("key", low=-1, high=1)
    return Program(
        "own",
        (key,),
        {table: 0, near: False, letter: "left", pair: sender(me), mood: "up", clock: 0, hidden: False},
        {
            table: table + sender(index(me)),
            near: receiver(key) < sender(key),
            pair: receiver(me),
            mood: "down",
            clock: clock + 1,
        },
        clock >= 2,
        {"table": table},
        text="Counts <rows> | of a *table*.",
    )


def test_a_page_of_a_users_program(own):
    page = task_page(default_task(own), index=False)
    assert page.row == ("[own](own.md)", *["not stated"] * 3, "1 + 6 + 1", "3.0", "2.0", "2.0", page.row[-1])
    assert "Counts \\<rows\\> \\| of a \\*table\\*." in page.text
    assert "README" not in page.text
    assert own.source in page.text
    assert page.text.count("| not stated |") == 4
    assert "| `hidden` | internal | graph | mask | 0.0 |" in page.text
    assert "| `table` | output | edge | whole scalar\\[0, 999\\] |  |" in page.text


def test_a_page_says_what_is_known():
    page = task_page(load("dfs"))
    assert page.text.startswith("# dfs\n\nDepth-first search")
    for part in ("P-complete; ", "Reif 1985", "| 64 | 192 | 192.0 | 192 |", "![", "(dfs.svg)", "README.md"):
        assert part in page.text, part
    assert "Nor are" not in page.text
    assert len(page.row) == len(HEADS)
    assert index_page([page.row]).count("\n| ") == 3


def test_measurements_are_of_the_sizes_that_inputs_have():
    assert [one.nodes for one in measurements(load("bfs"))] == list(SIZES)
    (small, middle, large) = measurements(load("dfs"))
    assert (small.least, small.most, large.least) == (12, 12, 192)
    assert middle.depth == 47
    assert middle.output_depth < middle.depth


def test_pages_are_written_and_old_ones_removed(tmp_path, capsys):
    (tmp_path / "gone.md").write_text("old")
    (tmp_path / "notes.txt").write_text("kept")
    write_pages(tmp_path, [load("bfs")])
    assert sorted(path.name for path in tmp_path.iterdir()) == [INDEX, "bfs.md", "bfs.svg", "notes.txt"]
    assert "bfs.svg" in capsys.readouterr().err


def test_show_writes_a_page(tmp_path, capsys):
    with pytest.raises(SystemExit) as left:
        main(["show", "bfs", "--page", str(tmp_path / "new" / "page.md")])
    assert left.value.code == 0
    assert "written to" in capsys.readouterr().out
    assert (tmp_path / "new" / "page.md").read_text().startswith("# bfs")
    assert (tmp_path / "new" / "bfs.svg").read_text().startswith("<svg")


# ---- pictures


@pytest.mark.parametrize("name", NAMES)
def test_pictures_are_small_and_the_same_each_time(name):
    task = load(name)
    one = run_figure(task)
    assert one == run_figure(task)
    assert len(one.svg.encode()) < LARGEST
    root = ElementTree.fromstring(one.svg)
    _, _, width, height = (float(part) for part in root.attrib["viewBox"].split())
    for box in root.findall("{*}rect"):
        x, y, w, h = (float(box.attrib[key]) for key in ("x", "y", "width", "height"))
        assert x >= 0 and y >= 0 and x + w <= width and y + h <= height


def test_a_picture_of_every_kind(own):
    drawn = run_figure(default_task(own))
    words = {text.text for text in ElementTree.fromstring(drawn.svg).findall("{*}text")}
    assert {"inputs", "frame 0 of 2", "table", "pair", "mood", "down", "clock", ".02", "key"} <= words
    assert "near" not in words  # tables of numbers and pointers come first
    assert "`letter`" in drawn.caption


def test_frames_are_spread_from_the_first_to_the_last():
    run = drawn_run(load("dfs"))
    assert run.numbers[0] == 0
    assert run.numbers[-1] == run.last
    assert len(run.numbers) == 5
    assert [v.name for v in run.read(Location.NODE)] == []
    assert "A" not in run.inputs  # dfs does not read the weights


@pytest.mark.parametrize("name", [name for name in NAMES if "sort" in name and name != "topological_sort"])
def test_lists_are_drawn_in_their_order(name):
    run = drawn_run(load(name))
    keys = run.inputs["key"]
    assert [keys[node] for node in run.order(len(run.numbers) - 1)] == sorted(keys)


def test_what_is_written_into_cells():
    assert appearance(Categorical(("white", "gray", "black")), 1) == ("g", 0.35)
    assert appearance(Mask(), True) == ("", 1.0)
    assert appearance(Pointer(), 3) == ("3", 0.0)
    assert appearance(Scalar(), 0.25) == (".25", 0.0)
    assert [number(x) for x in (0.0, -0.5, 1.25, 12.75, -1.25, 64.0)] == [
        "0",
        "-.50",
        "1.25",
        "12.8",
        "-1.2",
        "64",
    ]
    assert initials(["bad", "bed", "x"]) == ["ba", "be", "x"]
    assert initials(["abca", "abcb"]) == ["abca", "abcb"]


def test_words_are_escaped():
    canvas = Canvas()
    canvas.text(0, 0, "a < b & c", "word")
    canvas.arrow((0, 0), (1, 0), "edge", gap=2)  # too short to be drawn
    root = ElementTree.fromstring(canvas.svg(10, 10, "<&>"))
    assert [child.text for child in root if child.tag.endswith(("text", "title"))] == ["<&>", "a < b & c"]
    assert not root.findall("{*}path")
