"""Measures the networks of a study: what does not depend on the network is made ready once."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ...measures.panel import Bench, Standard
from ...tasks.task import Task
from ..measurement import MeasurePlan, references, setting
from ..rivals import rivals

if TYPE_CHECKING:
    from ...measures.floors import Row
    from ...nets.config import NetworkConfig
    from ...nets.network import Network


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

    def figures(self, network: Network) -> dict[str, Any]:
        """All figures of a network, as plain data, and the verdict."""
        panel = self._standard(network).panel(network)
        return {
            "rows": {key: _row(row) for key, row in panel.rows.items()},
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
