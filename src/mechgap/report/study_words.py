"""What a study found, in sections and sentences, out of its results."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..lab.studies.basins import basin
from ..lab.studies.comparisons import contrasts, correlations
from ..lab.studies.groups import gates, labelled, mean_score, shown, sizes, steps
from ..lab.studies.results import Results
from ..lab.studies.sections import Section, spread
from .study_page import StudyPage

MAKERS: Mapping[str, Callable[[Results], Section]] = {
    "gates": gates,
    "steps": steps,
    "sizes": sizes,
    "contrasts": contrasts,
    "correlation": correlations,
    "basin": basin,
}
"""What makes each section that a study may ask for."""
FEW = 10
"""Seeds below which the page says that intervals are rough."""


def study_page(results: Results) -> StudyPage:
    """All that stands on the page of a study."""
    study = results.study
    form = "quick form" if study.quick else "full form"
    done = len(study.cells) - len(results.missing)
    over = f"mechgap · study {study.name} · {form} · {done} of {len(study.cells)} trainings"
    sections = [MAKERS[name](results) for name in study.sections]
    return StudyPage(
        over,
        study.title,
        study.question,
        _found(results, sections),
        sections,
        _limits(results),
        _conditions(results),
    )


def _found(results: Results, sections: list[Section]) -> list[str]:
    """The main figures of each group, and what the sections say of differences."""
    found = []
    for label, (task, arm) in labelled(results).items():
        parts = []
        for measure in results.study.measures[:2]:
            mean = mean_score(results, task, arm, measure)
            if mean is not None:
                figure = spread(mean.value, mean.low, mean.high)
                parts.append(f"{shown(measure)} {figure} ({mean.replicates} seeds, {mean.n} outcomes)")
        found.append(f"{label}: {', '.join(parts) or 'nothing to count'}.")
    said = [section.texts[1:] for section in sections if section.name in ("contrasts", "basin")]
    return found + [sentence for texts in said for sentence in texts]


def _limits(results: Results) -> list[str]:
    study = results.study
    said = list(study.silent)
    if study.seeds < FEW:
        said.append(
            f"There are {study.seeds} seeds in each group: bootstrap intervals over so few are too narrow, "
            "and differences that are not found may still be there."
        )
    for cell, why in results.failures:
        said.append(f"The training of {cell.task}, {cell.arm}, seed {cell.seed} failed: {why}.")
    if results.missing:
        said.append(f"{len(results.missing)} trainings are not done yet.")
    return said


def _conditions(results: Results) -> list[tuple[str, str]]:
    study, training, plan = results.study, results.study.training, results.study.measuring
    rows = [
        ("tasks", ", ".join(study.tasks)),
        ("arms", "; ".join(f"{arm.name}{_changes(arm.training)}" for arm in study.arms)),
        ("seeds", f"{study.seeds} in each group, from {training.seed} on"),
        ("measured after", f"{', '.join(map(str, study.moments))} training steps"),
        ("networks", f"hidden {training.hidden}, {training.heads} heads, unless an arm says otherwise"),
        ("training", f"batch {training.batch}, graphs of {', '.join(map(str, training.sizes))} nodes"),
        ("measured on", f"{plan.graphs} graphs of {plan.n} nodes, {plan.swaps} exchanges in each"),
        ("unit of replication", "the seed of the training; graphs are drawn anew within it"),
        ("margin of equivalence", f"{study.margin:g}"),
    ]
    return rows


def _changes(training: Mapping[str, object]) -> str:
    return f" ({', '.join(f'{name} {value}' for name, value in training.items())})" if training else ""
