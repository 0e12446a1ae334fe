"""Drawn graphs and matrices."""

from __future__ import annotations

from xml.etree import ElementTree

import numpy as np
import pytest

from mechgap.report.drawing import gap_drawing, graph_drawing, levels, matrix_drawing, places
from mechgap.report.palette import DARK, LIGHT, paint, themed

EXAMPLE = {
    "nodes": 3,
    "edges": [[0, 1], [1, 0], [1, 2]],
    "admissible": [[[0, 0, 0], [1, 0, 0], [0, 0, 0]]],
    "runs": {"trained": {"attention": [[[1.0, 0.0, 0.0], [0.7, 0.3, 0.0], [0.05, 0.05, 0.9]]]}},
}


@pytest.mark.parametrize("edges", [[], [[0, 1], [1, 2], [2, 3]], [[0, 1], [2, 3]]])
def test_nodes_have_places_of_their_own(edges):
    spots = places(4, edges)
    assert np.array_equal(spots, places(4, edges))
    assert spots.min() >= 0 and spots.max() <= 1
    apart = np.linalg.norm(spots[:, None] - spots[None], axis=-1)[~np.eye(4, dtype=bool)]
    assert apart.min() > 0.1


def test_one_node_has_a_place():
    assert places(1, []).shape == (1, 2)


def test_a_path_is_drawn_as_one():
    spots = places(5, [[i, i + 1] for i in range(4)])
    order = np.argsort(spots[:, 0])
    assert order.tolist() in ([0, 1, 2, 3, 4], [4, 3, 2, 1, 0])


def test_arrows_show_attention_that_counts_in_colour():
    svg = graph_drawing(EXAMPLE, places(3, EXAMPLE["edges"]), "trained", 0, [0.0, 0.5, 1.0])
    root = ElementTree.fromstring(svg)
    assert len(root.findall(".//{*}text")) == 3
    assert svg.count("polygon") == 1 and svg.count(paint("trained")) == 3
    matrix = ElementTree.fromstring(matrix_drawing(EXAMPLE, "trained", 0))
    assert len(matrix.findall(".//{*}rect")) == 9 + 1
    assert matrix.find(".//{*}title").text == "0 attends 0: 1.000"


def test_levels_of_all_sorts():
    plain = {"refers": False, "categories": []}
    assert levels(plain, [0, 5, 10], 0, 10) == [0.0, 0.5, 1.0]
    assert levels(plain, [3, 3], 3, 3) == [0.0, 0.0]
    assert levels({**plain, "categories": ["a", "b", "c"]}, [0, 1, 2], 0, 1) == [0.0, 0.5, 1.0]
    assert levels({**plain, "refers": True}, [0, 0, 2], 0, 2) == [0.0, 1.0, 0.0]


def test_gaps_are_drawn_if_there_are_any():
    assert gap_drawing(None, {}) == ""
    drawn = ElementTree.fromstring(gap_drawing({"value": 0.5, "low": -9.0, "high": 0.9}, {}))
    assert drawn.get("aria-label") == "gap 0.500, from -9.000 to 0.900"


def test_references_stand_on_the_scale_of_a_gap():
    gap = {"value": 0.5, "low": 0.4, "high": 0.6}
    bare = gap_drawing(gap, {})
    marked = gap_drawing(gap, {"exact": [0.0, 0.2], "inert": [1.0], "untrained": [0.9, 1.05]})
    count = {name: marked.count(name) - bare.count(name) for name in ("<line", "<circle", "<rect")}
    assert count == {"<line": 2, "<circle": 1, "<rect": 1}


def contrast(one: str, two: str) -> float:
    """Contrast of two colours (WCAG 2)."""

    def light(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    low, high = sorted((light(one), light(two)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_colours_can_be_read(colours):
    assert set(colours) == set(LIGHT)
    for name in ("ink", "muted", "compiled", "trained"):
        assert contrast(colours[name], colours["page"]) >= 4.5
        assert contrast(colours[name], colours["card"]) >= 4.5
    assert contrast(colours["state"], colours["onstate"]) >= 4.5
    assert contrast(colours["untrained"], colours["card"]) >= 3.0


def test_figures_follow_the_theme():
    svg = f'<a style="fill: {LIGHT["ink"]}; stroke: {LIGHT["line"]}" />'
    assert themed(svg) == f'<a style="fill: {paint("ink")}; stroke: {paint("line")}" />'
