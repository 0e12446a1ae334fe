"""A plan of exchanges of node states: which, where, and what every program says they cause."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from ..lang.location import Location
from ..semantics.batch import Batch
from .admissible import Answer, Answers
from .donors import Pairs

if TYPE_CHECKING:
    from jaxtyping import Bool, Int64, Shaped


@dataclass(frozen=True)
class Sites:
    """Where states are exchanged: in one pair of runs, one frame, at one node, for each row R.

    Attributes:
        pair, step, node: one for each row.
    """

    pair: Int64[Tensor, " R"]
    step: Int64[Tensor, " R"]
    node: Int64[Tensor, " R"]

    def take(self, rows: Tensor) -> Sites:
        """The sites of the given rows."""
        return Sites(self.pair[rows], self.step[rows], self.node[rows])


@dataclass(frozen=True)
class Prediction:
    """What a program says of each row.

    Attributes:
        factual: its outputs without the exchange.
        swapped: its outputs with the exchange.
    """

    factual: Answers
    swapped: Answers

    def take(self, rows: Tensor) -> Prediction:
        """The predictions for the given rows."""
        return Prediction(
            {name: answer.take(rows) for name, answer in self.factual.items()},
            {name: answer.take(rows) for name, answer in self.swapped.items()},
        )

    @classmethod
    def joined(cls, pieces: Sequence[Prediction]) -> Prediction:
        """The predictions of several pieces of a plan, one after the other."""
        factual, swapped = ([getattr(p, part) for p in pieces] for part in ("factual", "swapped"))
        return cls(_together(factual), _together(swapped))


@dataclass(frozen=True)
class Plan:
    """Exchanges to carry out in a subject, with what every program predicts.

    Attributes:
        pairs: the runs [P] that receive states, and those that give them.
        donor_lengths: [P], frames that the donors must run.
        sites: where, for each row R.
        lengths: [R], frames of each run with an exchange: by then all programs have halted.
        predictions: by the name of the program.
    """

    pairs: Pairs
    donor_lengths: Tensor
    sites: Sites
    lengths: Tensor
    predictions: dict[str, Prediction]

    @property
    def batch(self) -> Batch:
        """The inputs of every row, [R]."""
        return self.pairs.base.take(self.sites.pair)

    @property
    def graph(self) -> Int64[Tensor, " R"]:
        """The graph of every row."""
        return self.pairs.graph[self.sites.pair]

    def take(self, rows: Tensor) -> Plan:
        """The plan with the given rows only."""
        return replace(
            self,
            sites=self.sites.take(rows),
            lengths=self.lengths[rows],
            predictions={name: prediction.take(rows) for name, prediction in self.predictions.items()},
        )

    def cells(self, places: Mapping[str, Tensor]) -> Shaped[Tensor, "R C"]:
        """Values at the places of every output, side by side as cells C."""
        return torch.cat([places[name].reshape(len(places[name]), -1) for name in self._ports], dim=1)

    @property
    def judged(self) -> Bool[Tensor, "R C"]:
        """The cells of real places that do not touch the node whose state was exchanged."""
        batch, node = self.batch, self.sites.node[:, None]
        other = batch.nodes & (torch.arange(batch.width, device=node.device) != node)
        by_location = {
            Location.NODE: other,
            Location.EDGE: other[:, :, None] & other[:, None, :],
            Location.GRAPH: torch.ones_like(other[:, 0]),
        }
        return torch.cat(
            [
                by_location[location].flatten(1) if location.rank else by_location[location][:, None]
                for location in self._ports.values()
            ],
            dim=1,
        )

    @property
    def _ports(self) -> dict[str, Location]:
        first = next(iter(self.predictions.values())).factual
        return {name: answer.port.location for name, answer in first.items()}


def rank_within(group: Int64[Tensor, " R"], key: Tensor) -> Int64[Tensor, " R"]:
    """How many rows of the same group have a larger key."""
    order = torch.argsort(key, descending=True)
    order = order[torch.argsort(group[order], stable=True)]
    sizes = torch.bincount(group)
    starts = torch.cumsum(sizes, 0) - sizes
    rank = torch.empty_like(group)
    rank[order] = torch.arange(len(group)) - starts[group[order]]
    return rank


def _together(pieces: Sequence[Answers]) -> Answers:
    return {port: _one([piece[port] for piece in pieces]) for port in pieces[0]}


def _one(answers: Sequence[Answer]) -> Answer:
    choices = [a.choices for a in answers if a.choices is not None]
    defined = [a.defined for a in answers if a.defined is not None]
    return Answer(
        answers[0].port,
        torch.cat([a.value for a in answers]),
        torch.cat(choices) if choices else None,
        torch.cat(defined) if defined else None,
    )
