"""`mechgap explain`: weights, their operations and lines, and a picture of them."""

from __future__ import annotations

import numpy as np
import pytest

from mechgap.compiler.provenance import Provenance, Row, Source, Weight
from mechgap.report.weight_map import Panel, panels, picture


def test_operations_with_their_lines(mechgap):
    mechgap("compile", "bfs", "--n", 16)
    done = mechgap("explain", "bfs.safetensors")
    assert done.code == 0
    assert "offering = some (first)[offers]" in done.out
    assert "mechgap/tasks/graphs/bfs.py:" in done.out
    data = mechgap("explain", "bfs.safetensors", "--json").data
    compiled = mechgap("compile", "bfs", "--n", 16, "--json").data
    assert len(data["weights"]) == compiled["certificate"]["nonzero"]
    assert all("operation" in weight and "role" in weight for weight in data["weights"])


def test_back_and_forth(mechgap):
    mechgap("compile", "bfs", "--n", 16)
    data = mechgap("explain", "bfs.safetensors", "--operation", "offering =", "--json").data
    assert data["weights"]
    for weight in data["weights"][:3]:
        place = ",".join(map(str, weight["place"]))
        told = mechgap("explain", "bfs.safetensors", "--weight", f"{weight['parameter']}[{place}]")
        assert told.code == 0
        assert "some (first)[offers]" in told.out
    number = data["weights"][0]["operation"]
    again = mechgap("explain", "bfs.safetensors", "--operation", number, "--json").data
    assert again["weights"] == data["weights"]


def test_a_users_program_is_explained_by_its_own_lines(mechgap, own, tmp_path):
    mechgap("compile", own)
    operations = mechgap("explain", "lowest_label.safetensors", "--json").data["operations"]
    source = (tmp_path / "mine.py").read_text().splitlines()
    lines = {o["text"]: source[int(o["line"].removeprefix("mine.py:")) - 1] for o in operations if o["line"]}
    assert "min_of" in next(line for text, line in lines.items() if text.startswith("smallest["))
    assert "minimum(label, best)" in next(line for text, line in lines.items() if text.startswith("minimum("))


@pytest.mark.parametrize("suffix", ["png", "svg"])
def test_pictures(mechgap, tmp_path, suffix):
    path = tmp_path / f"map.{suffix}"
    done = mechgap("explain", "components", "--picture", path)
    assert done.code == 0
    assert path.stat().st_size > 10_000
    assert f"drawn to {path}" in done.out


def test_what_cannot_be_explained_is_told(mechgap):
    assert "choose one of these" in mechgap("explain", "bfs", "--picture", "x.docx").err
    assert "the operation 'nothing'" in mechgap("explain", "bfs", "--operation", "nothing").err
    for weight in ("rounds", "rounds.0.skip.weight[0,0]", "x[1]"):
        assert "a weight that is not zero" in mechgap("explain", "bfs", "--weight", weight).err
    assert mechgap("explain", "missing.safetensors").code == 1


def test_the_colours_of_a_map_are_those_of_the_operations():
    weights = [
        Weight("l.weight", (0, 1), 8.0, Row(0, "computes", "x"), "y"),
        Weight("l.weight", (1, 0), -1.0, Row(1, "computes", "x"), "y"),
        Weight("l.bias", (1,), 1.0, None, "1"),
    ]
    (panel,) = panels({"l.weight": (2, 2), "l.bias": (2,), "other": (5, 5)}, weights)
    assert panel == Panel("l", (2, 3), tuple(weights))
    cells = picture(panel, {0: (1.0, 0.0, 0.0), 1: (0.0, 0.0, 1.0)})
    assert cells.shape == (2, 3, 4)
    assert cells[0, 1].tolist() == [1.0, 0.0, 0.0, 1.0]
    assert cells[1, 0, :3].tolist() == [0.0, 0.0, 1.0] and 0 < cells[1, 0, 3] < 1
    assert cells[1, 2, :3].tolist() == [0.5, 0.5, 0.5]
    assert np.count_nonzero(cells[..., 3]) == 3


def test_what_is_not_known_is_none():
    found = Provenance((Source("x"),), {}, {}, {})
    assert found.row("elsewhere.weight", (0, 0)) is None
