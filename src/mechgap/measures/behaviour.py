"""Gate 0, behaviour: are the outputs right?"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from ..lang.location import Location
from ..semantics.batch import Batch
from ..semantics.trace import Trace
from .admissible import Answers
from .bootstrap import Clusters
from .score import Score, score

Valid = Callable[[Mapping[str, Tensor], Batch], Tensor]


def behaviour(trace: Trace, exact: Trace, answers: Answers, valid: Valid | None) -> dict[str, Score]:
    """How many outputs are right.

    Args:
        trace: the run that is measured.
        exact: the program's own run on the same batch.
        answers: the program's outputs with all admissible choices; used where ``valid`` is None.
        valid: says at which nodes the outputs are part of some right answer.

    Returns:
        "accuracy" (the outputs are those of the reference run) and "valid" (they are right), each
        over nodes and over "graphs" of which all nodes are right.
    """
    batch = trace.batch
    same = _everywhere(
        answers,
        {n: p.same(trace.outputs[n], exact.outputs[n]) for n, p in answers.items()},
        batch,
    )
    if valid is None:
        right = _everywhere(answers, {n: p.accepts(trace.outputs[n]) for n, p in answers.items()}, batch)
        note = "right: among the program's own admissible choices"
    else:
        right, note = valid(trace.outputs, batch), "right: as the task's own test of answers says"
    rows = torch.ones(len(batch), dtype=torch.bool, device=batch.nodes.device)
    whole = {"accuracy": same, "valid": right}
    found = {}
    for name, good in whole.items():
        remark = note if name == "valid" else "same as the reference run, ties included"
        found[name] = score(name, Clusters.of(good, batch.nodes), 1.0, note=remark)
        graphs = (good | ~batch.nodes).all(1)
        found[f"{name}/graphs"] = score(f"{name}/graphs", Clusters.of(graphs, rows), 1.0, note=remark)
    return found


def _everywhere(answers: Answers, good: Mapping[str, Tensor], batch: Batch) -> Tensor:
    """[B, N], whether every output is right at a node (for an edge: at its receiver; else at all)."""
    right = batch.nodes
    for name, places in good.items():
        location = answers[name].port.location
        if location is Location.EDGE:
            places = (places | ~batch.pairs).all(1)
        elif location is Location.GRAPH:
            places = places[:, None]
        right = right & places
    return right
