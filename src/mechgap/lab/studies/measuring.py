"""Measures the networks of a study: what does not depend on the network is made ready once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...measures.distance import distance
from ...measures.floors import Row
from ...measures.panel import Bench, Standard
from ...measures.score import Score
from ...tasks.task import Task
from ..measurement import MeasurePlan, references, setting
from ..rivals import rivals

if TYPE_CHECKING:
    from ...nets.config import NetworkConfig
    from ...nets.network import Network

DRIFT = "parameters/distance"
"""The measure of how far weights are from the compiled ones."""


class Meter:
    """What measures networks on one task.

    Args:
        task: which.
        plan: on what.
    """

    def __init__(self, task: Task, plan: MeasurePlan) -> None:
        self.bench = Bench(setting(task, rivals(task), plan))
        self.task, self.plan = task, plan
        self._standards: list[tuple[NetworkConfig, Standard]] = []

    def figures(self, network: Network, compiled: Network | None = None) -> dict[str, Any]:
        """All figures of a network, as plain data, and the verdict.

        Args:
            network: what is measured.
            compiled: a network of the same shape, if its distance from that is of interest.
        """
        panel = self._standard(network).panel(network)
        apart = {} if compiled is None else {DRIFT: _drift(network, compiled)}
        return {
            "rows": {**{key: _row(row) for key, row in panel.rows.items()}, **apart},
            "verdict": panel.verdict.to_json(),
            "conditions": panel.conditions,
        }

    def _standard(self, network: Network) -> Standard:
        """The references for networks of one shape."""
        for config, standard in self._standards:
            if config == network.config:
                return standard
        made = Standard(self.bench, references(self.task, self.plan, network), network)
        self._standards.append((network.config, made))
        return made


def _row(row: Row) -> dict[str, Any]:
    """A row with the sums behind it, graph by graph, so that seeds and graphs can be drawn anew."""
    data = row.to_json()
    for score, part in ((row.score, data), (row.gap, data["gap"])):
        if score is not None and score.clusters is not None:
            part["clusters"] = [score.clusters.numerator.tolist(), score.clusters.denominator.tolist()]
    return data


def _drift(network: Network, compiled: Network) -> dict[str, Any]:
    """How far the weights are from the compiled ones, as a row; one network is one figure."""
    apart = distance(network, compiled, random=1)
    score = Score(DRIFT, apart.whole, apart.whole, apart.whole, 1, "network", 1, 0.0)
    row = Row(score, None, {}, None, float("nan"), {}).to_json()
    row["clusters"] = [[apart.whole], [1.0]]
    return row
