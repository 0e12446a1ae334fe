"""Exchanges of node states that one can read: sentences, drawings, and a table of answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .drawing import Floats, answer_drawing, levels, places
from .palette import SERIES
from .words import listed

Plain = Mapping[str, Any]
TITLES = {
    "changes": "An exchange that must change answers elsewhere",
    "rivals": "An exchange that tells algorithms apart",
}
"""By what an example shows."""
COUNTED = (*SERIES, "inert")
"""Whose answers are counted: networks, and right answers that no exchange changes."""
AT_STAKE = 0.3
"""How dark nodes are whose answer must change, or of which programs say different things."""


@dataclass(frozen=True)
class AnswerTable:
    """What is said of the places of one output.

    Attributes:
        output: its name.
        columns: what the cells of a row are.
        rows: the place, whether the program's answer must change there, whether the place counts, and
            for each cell its text and whether it is right (None where that is not asked).
    """

    output: str
    columns: tuple[str, ...]
    rows: list[tuple[str, bool, bool, list[tuple[str, bool | None]]]]


@dataclass(frozen=True)
class ExchangeView:
    """One exchange as it stands on the page.

    Attributes:
        title: what it shows.
        sentences: what is exchanged, what it must cause, and what networks give.
        key: what the drawings show.
        drawings: caption and SVG.
        tables: one for each output.
    """

    title: str
    sentences: list[str]
    key: str
    drawings: list[tuple[str, str]]
    tables: list[AnswerTable]


def exchange_views(found: Plain, drawn: Mapping[str, str]) -> list[ExchangeView]:
    """The examples of exchanges as they stand on the page.

    Args:
        found: as ``mechgap.lab.exchange_example.draw_exchanges`` gives them.
        drawn: name of a figure -> SVG.
    """
    return [
        ExchangeView(
            TITLES[example["shows"]],
            [_exchanged(example), *_expected(example, found["program"]), *_got(example, found["program"])],
            _key(example),
            [
                (_caption(who, example, found["program"]), drawn[_name(number, who)])
                for who in _drawn(example, found["program"])
            ],
            [_table(output, found) for output in example["outputs"] if output["places"]],
        )
        for number, example in enumerate(found["examples"], 1)
    ]


def exchange_figures(found: Plain) -> dict[str, str]:
    """The drawings of the examples by name: answers as arrows to nodes, or as colours of the nodes."""
    return {
        _name(number, who): _drawing(example, spots, who, found["program"])
        for number, example in enumerate(found["examples"], 1)
        for spots in [places(example["nodes"], example["edges"])]
        for who in _drawn(example, found["program"])
    }


def _name(number: int, who: str) -> str:
    return f"exchange-{number}-{who}-answers"


def _shown(example: Plain) -> Plain | None:
    """The output that is drawn: the first one at nodes."""
    return next((o for o in example["outputs"] if o["location"] == "node"), None)


def _key(example: Plain) -> str:
    """What arrows and colours show."""
    output = _shown(example)
    if output is None:
        return "no output is at nodes: the answers are in the table"
    name = output["name"]
    if output["refers"]:
        return f"arrows: {name}; in colour: nodes whose answer must change, or of which programs differ"
    return f"colours: {name}, darker for {'later kinds' if output['categories'] else 'more'}"


def _drawn(example: Plain, program: str) -> list[str]:
    """Whose answers are drawn: without the exchange, of programs that part, and of networks."""
    if _shown(example) is None:
        return ["before"]
    parted = [name for name, count in example["counts"]["apart"].items() if count["total"]]
    return ["before", program, *parted, *SERIES]


def _caption(who: str, example: Plain, program: str) -> str:
    if who == "before":
        return "without the exchange" if _shown(example) is not None else "where the exchange is made"
    return f"{who} network" if who in SERIES else f"{who} says"


def _drawing(example: Plain, spots: Floats, who: str, program: str) -> str:
    output = _shown(example)
    if output is None:
        return answer_drawing(example, spots, "the exchange", ([0.0] * example["nodes"], [], []))
    said = [_said(place, who) for place in output["places"]]
    wrong = [
        node
        for node, place in enumerate(output["places"])
        if who in SERIES and place["judged"] and not place["networks"][who]["right"]
    ]
    title = f"{output['name']}, {_caption(who, example, program)}"
    if output["refers"]:
        arrows = [
            (node, int(x or 0)) for node, values in enumerate(said) for x in values if _inside(x, example)
        ]
        stakes = [AT_STAKE * (p["judged"] and (p["changes"] or p["apart"] != [])) for p in output["places"]]
        return answer_drawing(example, spots, title, (stakes, arrows, wrong))
    everything = [x for place in output["places"] for x in _known(place)]
    shades = levels(
        output,
        [values[0] if values and values[0] is not None else 0.0 for values in said],
        min(everything, default=0.0),
        max(everything, default=0.0),
    )
    return answer_drawing(example, spots, title, (shades, [], wrong))


def _inside(target: float | None, example: Plain) -> bool:
    return target is not None and 0 <= target < example["nodes"]


def _said(place: Plain, who: str) -> list[float | None]:
    """The values that someone gives at a place, or holds to be right."""
    if who in place["networks"]:
        return [place["networks"][who]["after"]]
    return list(place["before"] if who == "before" else place["programs"][who])


def _known(place: Plain) -> list[float]:
    """The finite values that programs say of a place."""
    return [x for values in (place["before"], *place["programs"].values()) for x in values if x is not None]


def _exchanged(example: Plain) -> str:
    """Which state is put where, in a sentence."""
    node, step = example["node"], example["step"]
    marks = [f"{m['name']} is node {m['donor']} instead of node {m['base']}" for m in example["marks"]]
    where = f"when {listed(marks)}" if marks else "on other inputs of the same size"
    parts: list[str] = []
    known: list[str] = []
    for state in example["states"]:
        changed = [
            f"{v['name']} {spoken(v, [v['donor']])} instead of {spoken(v, [v['base']])}"
            for v in state["variables"]
        ]
        # Of rivals only what they keep besides.
        new = [each for each in changed if each not in known]
        known += new
        if new:
            parts.append(f"{listed(new)} in {state['program']}")
    return (
        f"After step {step}, node {node} gets another state: the one that it has at that time {where} "
        f"({'; '.join(parts)})."
    )


def _expected(example: Plain, program: str) -> list[str]:
    """What must follow, by the programs."""
    counts = example["counts"]
    moved, total = _where(example, lambda place: place["changes"]), counts["changes"]["total"]
    if total:
        found = [f"By {program}, {_answers(total)} elsewhere must then change{moved}."]
    else:
        found = [f"By {program}, no answer elsewhere changes."]
    for rival, count in counts["apart"].items():
        if count["total"]:
            places = _where(example, lambda place, rival=rival: rival in place["apart"])
            found.append(f"{rival} excludes what {program} says of {_answers(count['total'])}{places}.")
        else:
            found.append(f"No answer elsewhere tells {rival} from {program} here.")
    return found


def _got(example: Plain, program: str) -> list[str]:
    """What the networks give, counted."""
    counts, found = example["counts"], []
    if total := counts["changes"]["total"]:
        agree = counts["changes"]["agree"][program]
        shares = [f"{run} at {agree[run]} of {total}" for run in COUNTED]
        found.append(f"Networks whose answers change as {program} says: {listed(shares)}.")
    for rival, count in counts["apart"].items():
        if total := count["total"]:
            own, other = count["agree"][program], count["agree"][rival]
            shares = [f"{run} {own[run]} and {other[run]}" for run in COUNTED]
            found.append(
                f"Where {program} and {rival} exclude each other, answers as {program} says and as {rival} "
                f"says, of {total}: {', '.join(shares)}."
            )
    if _compiled_differs(example):
        found.append(
            "The compiled network differs from the program here"
            + ("." if example["marks"] else ": its states may hold copies of inputs, which go along.")
        )
    return found


def _compiled_differs(example: Plain) -> bool:
    places = [place for output in example["outputs"] for place in output["places"] if place["judged"]]
    return any(not place["networks"]["compiled"]["right"] for place in places)


def _answers(total: int) -> str:
    return f"{total} answer{'' if total == 1 else 's'}"


def _where(example: Plain, holds: Any) -> str:
    """The places at which something holds, in words; nothing for an answer of the whole graph."""
    at = [
        " → ".join(f"{node}" for node in place["at"])
        for output in example["outputs"]
        for place in output["places"]
        if place["at"] and place["judged"] and holds(place)
    ]
    return f" (at {listed(list(dict.fromkeys(at)))})" if at else ""


def _table(output: Plain, found: Plain) -> AnswerTable:
    """What is said of the places of one output."""
    program, rivals = found["program"], list(found["rivals"])
    rows = []
    for place in output["places"]:
        said: list[tuple[str, bool | None]] = [(spoken(output, place["before"]), None)]
        said += [(spoken(output, place["programs"][name]), None) for name in (program, *rivals)]
        for run in SERIES:
            given = place["networks"][run]
            right = given["right"] if place["judged"] else None
            said.append((spoken(output, [given["after"]]), right))
        at = " → ".join(f"{node}" for node in place["at"]) or "whole graph"
        rows.append((at, place["changes"], place["judged"], said))
    columns = ("without the exchange", *(f"{name} says" for name in (program, *rivals)), *SERIES)
    return AnswerTable(output["name"], columns, rows)


def spoken(variable: Plain, values: Sequence[float | None]) -> str:
    """Right values in words.

    Args:
        variable: as ``mechgap.lab.example.described`` gives it.
        values: every right one; none where any is right. None stands for a number that is not finite.
    """
    return listed([_value(variable, value) for value in values], "or") if values else "any"


def _value(variable: Plain, value: float | None) -> str:
    if value is None:
        return "∞"
    if variable["refers"]:
        return f"{int(value)}" if value >= 0 else "no node"
    if variable["categories"]:
        return str(variable["categories"][int(value)])
    if variable["numeric"]:
        return f"{value:.3g}"
    return "yes" if value else "no"
