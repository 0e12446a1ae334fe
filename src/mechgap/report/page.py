"""One self-contained page about one experiment."""

from __future__ import annotations

import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from ..interop.compiled import CompiledFile, load_compiled
from ..lab.experiment import Experiment
from ..lab.stages import COMPILED, EXAMPLE, EXCHANGES, METRICS, VERIFICATION
from ..lab.store import read_json, write_text
from . import drawing, figure
from .exchange import exchange_figures, exchange_views
from .table import GATE_COLUMNS, certificate_rows, gate_rows, scale_marks
from .template import rendered
from .words import findings, headline, listed, tiles

if TYPE_CHECKING:
    from ..lab.verification import Watch

TEMPLATE, SCRIPT = "page.html.jinja", "page.js"
PAGE = "report.html"


@dataclass(frozen=True)
class Results:
    """What an experiment has left in its folder.

    Attributes:
        experiment: as plain data.
        compiled: the compiled program.
        verification, metrics, example, exchanges: as the stages wrote them.
    """

    experiment: dict[str, Any]
    text: str
    compiled: CompiledFile
    verification: dict[str, Any]
    metrics: dict[str, Any]
    example: dict[str, Any]
    exchanges: dict[str, Any]

    @classmethod
    def of(cls, made: Experiment) -> Results:
        """Read them.

        Raises:
            FileFormatError: if one is missing.
        """
        return cls(
            made.to_json(),
            made.task.program.text,
            load_compiled(made.file(COMPILED)),
            read_json(made.file(VERIFICATION)),
            read_json(made.file(METRICS)),
            read_json(made.file(EXAMPLE)),
            read_json(made.file(EXCHANGES)),
        )


def write_page(made: Experiment, watch: Watch) -> str:
    """Draw the figures of an experiment and write its page; a line about what was written."""
    watch(0, 2, "drawing")
    results = Results.of(made)
    drawn = _figures(results)
    for name in _kept(results, drawn):
        write_text(made.file(f"figures/{name}.svg"), drawn[name])
    watch(1, 2, "writing")
    text = page(results, drawn)
    write_text(made.file(PAGE), text)
    return f"{len(drawn)} drawings, {len(text) / 1024:.0f} KB"


def page(results: Results, drawn: dict[str, str]) -> str:
    """The page as HTML that needs no other file.

    Args:
        results: of the experiment.
        drawn: name of a figure -> SVG.
    """
    return rendered(TEMPLATE, _context(results, drawn))


def _figures(results: Results) -> dict[str, str]:
    metrics, example = results.metrics, results.example
    drawn = {
        f"trace-{v['name']}": figure.trace_chart(metrics["courses"], v["name"], _numeric(v))
        for v in _traced(results)
    }
    drawn["sizes"] = figure.size_chart(metrics["courses"])
    if metrics["history"]:
        drawn["training"] = figure.training_chart(
            metrics["history"], _reference(metrics["panel"]["rows"]["behaviour/valid"])
        )
    spots = drawing.places(example["nodes"], example["edges"])
    shown = _coloured(example)
    for step in range(example["frames"] - 1):
        for run in example["runs"]:
            shades = _shades(example, run, step, shown)
            drawn[f"graph-{run}-{step + 1}"] = drawing.graph_drawing(example, spots, run, step, shades)
            if example["runs"][run]["attention"] is not None:
                drawn[f"matrix-{run}-{step + 1}"] = drawing.matrix_drawing(example, run, step)
    return drawn | exchange_figures(results.exchanges)


def _kept(results: Results, drawn: dict[str, str]) -> list[str]:
    """The figures that are written to files: of the steps of the example, the busiest one."""
    steps = {f"{step['number']}" for step in _steps(results.example, drawn) if step["first"]}
    return [name for name in drawn if not name[-1].isdecimal() or name.rpartition("-")[2] in steps]


def _context(results: Results, drawn: dict[str, str]) -> dict[str, Any]:
    panel, example = results.metrics["panel"], results.example
    compiled, verification = results.compiled, results.verification
    certificate = compiled.certificate.to_json()
    variables = {v["name"]: v for v in example["variables"]}
    return {
        "script": files(__package__).joinpath(SCRIPT).read_text(encoding="utf-8"),
        "experiment": results.experiment,
        "headline": headline(panel),
        "findings": findings(panel, verification, certificate),
        "tiles": tiles(panel),
        "text": results.text,
        "source": _lines(compiled.source),
        "certificate": certificate_rows(certificate),
        "verified": _verified(verification),
        "verification": verification,
        "network": _network(results),
        "traces": [(v, drawn[f"trace-{v['name']}"]) for v in _traced(results)],
        "figures": drawn,
        "left_out": results.metrics["left_out"],
        "example": example,
        "steps": _steps(example, drawn),
        "exchanges": exchange_views(results.exchanges, drawn),
        "no_exchange": results.exchanges["absent"],
        "coloured": variables[_coloured(example)] if _coloured(example) else None,
        "gates": [(question, _split(rows)) for question, rows in gate_rows(panel).items()],
        "gaps": {
            key: drawing.gap_drawing(row["gap"], scale_marks(row)) for key, row in panel["rows"].items()
        },
        "columns": GATE_COLUMNS[:1] + GATE_COLUMNS[3:-1],
        "panel": panel,
        "rivals": listed([name for name in panel["conditions"]["programs"] if name != panel["program"]]),
    }


def _reference(row: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The scores of references beside a row, by the series that they belong to."""
    found = {"compiled": row["exact"], "untrained": row["random"]}
    return {name: score for name, score in found.items() if score and score["value"] is not None}


def _traced(results: Results) -> list[dict[str, Any]]:
    """The variables that have a curve."""
    known = results.metrics["courses"]["trained"]["trace"]
    return [v for v in results.example["variables"] if known.get(v["name"])]


def _numeric(variable: dict[str, Any]) -> bool:
    return bool(variable["numeric"])


def _coloured(example: dict[str, Any]) -> str | None:
    """The variable that colours the nodes: a category, else another value, else a pointer."""
    at_nodes = [v for v in example["variables"] if v["location"] == "node"]
    ranked = sorted(at_nodes, key=lambda v: (v["refers"], not v["categories"], _numeric(v)))
    return ranked[0]["name"] if ranked else None


def _shades(example: dict[str, Any], run: str, step: int, name: str | None) -> list[float]:
    if name is None:
        return [0.0] * example["nodes"]
    variable = next(v for v in example["variables"] if v["name"] == name)
    everything = [x for frame in example["program"][name] for x in frame]
    return drawing.levels(
        variable, example["runs"][run]["states"][name][step], min(everything), max(everything)
    )


def _steps(example: dict[str, Any], drawn: dict[str, str]) -> list[dict[str, Any]]:
    """What is shown of every step of the example."""
    counts = [
        0 if example["admissible"] is None else sum(any(row) for row in example["admissible"][step])
        for step in range(example["frames"] - 1)
    ]
    first = max(range(len(counts)), key=counts.__getitem__, default=0)
    return [
        {
            "number": step + 1,
            "deciding": count,
            "first": step == first,
            "runs": [
                {
                    "name": run,
                    "head": data["head"],
                    "graph": drawn[f"graph-{run}-{step + 1}"],
                    "matrix": drawn.get(f"matrix-{run}-{step + 1}", ""),
                }
                for run, data in example["runs"].items()
            ],
        }
        for step, count in enumerate(counts)
    ]


def _split(rows: list[Any]) -> dict[str, list[Any]]:
    """The rows that are always shown, and those that only repeat them for parts."""
    parts = [row for row in rows if row.key.startswith("behaviour/n=")]
    alone = {row.key for row in rows if row.key.startswith(("routing/gap/", "routing/top1/"))}
    same = alone if len(alone) <= 2 else set()
    return {"main": [row for row in rows if row not in parts and row.key not in same], "more": parts}


def _verified(verification: dict[str, Any]) -> list[tuple[str, ...]]:
    """Verification by size: graphs, steps, mismatches and largest error."""
    found = []
    for n in dict.fromkeys(check["n"] for check in verification["checks"]):
        checks = [check for check in verification["checks"] if check["n"] == n]
        totals = (sum(check[part] for check in checks) for part in ("graphs", "steps", "mismatches"))
        largest = max(check["largest"] for check in checks)
        found.append((f"{n}", *(f"{total:,}" for total in totals), f"{largest:.1e}" if largest else "0"))
    return found


def _network(results: Results) -> dict[str, Any]:
    """What the compiled network looks like, beside the trained one."""
    layout, certificate = results.compiled.layout, results.compiled.certificate
    by_place = {place: slot for slot, place in layout.slots.items()}
    dimensions = [{"place": place, "slot": by_place[place]} for place in sorted(by_place)]
    heads = [
        {
            "round": head.round + 1,
            "head": head.head + 1,
            "makes": listed(head.selections) if head.selections else "",
            "origin": head.origin,
        }
        for head in layout.heads
    ]
    return {
        "dimensions": dimensions,
        "free": layout.hidden - len(dimensions),
        "heads": heads,
        "certificate": certificate,
        "trained": results.metrics["network"],
    }


def _lines(source: str) -> list[tuple[str, str, str]]:
    """The program's text in lines: indentation, word that begins a part, and the rest."""
    words = r"(program|inputs|state|start|let|step|halt when|outputs|at most)\b"
    found = []
    for line in source.rstrip().splitlines():
        body = line.lstrip()
        lead = line[: len(line) - len(body)]
        match = re.match(words, body) if len(lead) <= 2 else None
        found.append((lead, match[0], body[match.end() :]) if match else (lead, "", body))
    return found
