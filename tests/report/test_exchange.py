"""Exchanges on the page: sentences, drawings and tables say what was found."""

from __future__ import annotations

import copy
from xml.etree import ElementTree

import pytest

from mechgap.report.exchange import exchange_figures, exchange_views, spoken
from mechgap.report.palette import paint

POINTER = {"name": "pi", "location": "node", "refers": True, "numeric": False, "categories": []}
REACHED = {"name": "reach", "location": "node", "refers": False, "numeric": False, "categories": []}
LEVEL = {**REACHED, "name": "level", "numeric": True}
COLOUR = {**REACHED, "name": "colour", "categories": ["white", "black"]}


def place(node, before, own, rival, trained, **more):
    after = {"compiled": own[0], "trained": trained, "untrained": node}
    return {
        "at": [node],
        "judged": node != 1,
        "changes": False,
        "before": before,
        "programs": {"p": own, "q": rival},
        "apart": [],
        "networks": {name: {"before": before[0], "after": x, "right": x in own} for name, x in after.items()},
        **more,
    }


def counted(total, own, **rivals):
    return {
        "total": total,
        "agree": {"p": dict(zip(("compiled", "trained", "untrained", "inert"), own, strict=True)), **rivals},
    }


EXAMPLE = {
    "shows": "changes",
    "nodes": 3,
    "edges": [[0, 1], [1, 0], [1, 2]],
    "numbers": [[0, 1, 0.25], [1, 0, 0.25], [1, 2, 0.5]],
    "node": 1,
    "step": 2,
    "marks": [{"name": "s", "base": 0, "donor": 2}],
    "states": [
        {"program": "p", "variables": [{**REACHED, "base": 0.0, "donor": 1.0}]},
        {
            "program": "q",
            "variables": [
                {**REACHED, "base": 0.0, "donor": 1.0},
                {**LEVEL, "base": None, "donor": 2.0},
            ],
        },
    ],
    "outputs": [
        {
            **POINTER,
            "places": [
                place(0, [0], [0, 1], [0], 1),
                place(1, [1], [2], [2], 0),
                place(2, [2], [1], [0], 2, changes=True, apart=["q"]),
            ],
        }
    ],
    "counts": {
        "changes": counted(1, (1, 0, 0, 0)),
        "apart": {"q": counted(1, (1, 0, 0, 0), q={"compiled": 0, "trained": 0, "untrained": 0, "inert": 1})},
    },
}
FOUND = {"program": "p", "rivals": ["q"], "nodes": 3, "seed": 0, "absent": "", "examples": [EXAMPLE]}


def view(found):
    (only,) = exchange_views(found, exchange_figures(found))
    return only


def test_sentences_tell_what_is_put_where_and_what_follows():
    exchanged, expected, parted, followed, told = view(FOUND).sentences
    assert exchanged == (
        "After step 2, node 1 gets another state: the one that it has at that time when s is node 2 "
        "instead of node 0 (reach yes instead of no in p; level 2 instead of ∞ in q)."
    )
    assert expected == "By p, 1 answer elsewhere must then change (at 2)."
    assert parted == "q excludes what p says of 1 answer (at 2)."
    assert "compiled at 1 of 1, trained at 0 of 1, untrained at 0 of 1 and inert at 0 of 1" in followed
    assert "compiled 1 and 0, trained 0 and 0, untrained 0 and 0, inert 0 and 1" in told


def test_a_compiled_network_that_differs_is_owned_up_to():
    found = copy.deepcopy(FOUND)
    found["examples"][0]["outputs"][0]["places"][0]["networks"]["compiled"]["right"] = False
    assert "The compiled network differs from the program here." in view(found).sentences
    found["examples"][0]["marks"] = []
    assert "copies of inputs" in view(found).sentences[-1]
    assert "on other inputs of the same size" in view(found).sentences[0]


def test_the_table_marks_right_and_wrong_where_it_is_judged():
    (table,) = view(FOUND).tables
    assert table.columns == ("without the exchange", "p says", "q says", "compiled", "trained", "untrained")
    assert table.rows[0][3] == [
        *(("0", None), ("0 or 1", None), ("0", None)),
        *(("0", True), ("1", True), ("0", True)),
    ]
    at, changes, judged, cells = table.rows[1]
    assert (at, changes, judged) == ("1", False, False)
    assert all(right is None for _, right in cells)
    assert table.rows[2][1] and table.rows[2][3][4] == ("2", False)


def test_drawings_show_every_reference_and_mark_the_node():
    figures = exchange_figures(FOUND)
    assert [caption for caption, _ in view(FOUND).drawings] == [
        *("without the exchange", "p says", "q says"),
        *("compiled network", "trained network", "untrained network"),
    ]
    for svg in figures.values():
        root = ElementTree.fromstring(svg)
        assert len(root.findall(".//{*}rect")) == 1
        assert [t.text for t in root.findall(".//{*}text")].count("0.25") == 1
    arrows = {name.split("-")[2]: svg.count("<polygon") for name, svg in figures.items()}
    # To both right targets of node 0, to one of each other node; none from a node to itself.
    assert arrows == {"before": 0, "p": 3, "q": 2, "compiled": 2, "trained": 2, "untrained": 0}
    assert "stroke-dasharray" in figures["exchange-1-trained-answers"]
    assert "stroke-dasharray" not in figures["exchange-1-compiled-answers"]


def test_values_are_drawn_as_colours():
    found = copy.deepcopy(FOUND)
    found["examples"][0]["outputs"][0] |= LEVEL
    svg = exchange_figures(found)["exchange-1-p-answers"]
    assert "<polygon" not in svg
    assert f'fill="{paint("state")}" fill-opacity="1.00"' in svg
    assert view(found).key == "colours: level, darker for more"


def test_answers_of_the_whole_graph_are_told_in_the_table():
    found = copy.deepcopy(FOUND)
    only = {**place(0, [3.0], [4.0], [4.0], 3.0, changes=True), "at": []}
    found["examples"][0]["outputs"] = [{**LEVEL, "location": "graph", "places": [only]}]
    shown = view(found)
    assert [caption for caption, _ in shown.drawings] == ["where the exchange is made"]
    assert shown.tables[0].rows[0][0] == "whole graph"
    assert shown.sentences[1] == "By p, 1 answer elsewhere must then change."


@pytest.mark.parametrize(
    ("variable", "values", "said"),
    [
        (POINTER, [1.0, 4.0], "1 or 4"),
        (POINTER, [-1.0], "no node"),
        (COLOUR, [1.0], "black"),
        (LEVEL, [0.12345], "0.123"),
        (LEVEL, [None], "∞"),
        (REACHED, [0.0], "no"),
        (REACHED, [], "any"),
    ],
)
def test_values_in_words(variable, values, said):
    assert spoken(variable, values) == said
