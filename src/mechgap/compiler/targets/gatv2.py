"""Last pass for GATv2: from the laid out intermediate form to the parameters of a network."""

from __future__ import annotations

from ...nets.attention_round import AbstractAttentionRound
from ...nets.gatv2 import GATv2Round
from ...nets.network import Network
from ...nets.shapes import RoundConfig
from ..ir import Fetch
from ..layout import RoundPlan
from .attention import AttentionUnit, among_neighbours, attention_units, one_sided
from .filling import Plan, configured
from .round_emitter import AbstractRoundEmitter, Prices, emit_network, shaped, usual

CLRS_SLOPE = 0.01
"""Slope of the attention's leaky ReLU below zero in the CLRS network."""


def emit(plan: Plan, prices: Prices = usual) -> Network:
    """The network whose parameters are the compiled program.

    Args:
        plan: everything that is emitted.
        prices: of the conditions of each fetch.
    """
    fetches = [fetch for rounds in plan.rounds for round in rounds for fetch in round.fetches]
    slope = 0.0 if any(map(one_sided, fetches)) else CLRS_SLOPE
    prologue, rounds = (tuple(_shape(plan, round) for round in rounds) for rounds in plan.rounds)
    return emit_network(plan, configured(plan, prologue, rounds, slope), _RoundEmitter, prices)


def _shape(plan: Plan, round: RoundPlan) -> RoundConfig:
    heads = max(1, len(round.fetches))
    mid = max([1, *(len(attention_units(fetch, plan.n)) for fetch in round.fetches)])
    return shaped(
        RoundConfig(heads=heads, mid=heads * mid, width=heads * round.part), round, among_neighbours
    )


class _RoundEmitter(AbstractRoundEmitter):
    """Fills one round of GATv2."""

    def fill_head(self, module: AbstractAttentionRound, head: int, fetch: Fetch) -> None:
        assert isinstance(module, GATv2Round)
        mid = module.attend.shape[1]
        for k, unit in enumerate(attention_units(fetch, self.plan.n, self.prices(fetch))):
            self._fill_unit(module, head * mid + k, unit)
            module.attend[head, k] = unit.weight

    def _fill_unit(self, module: GATv2Round, row: int, unit: AttentionUnit) -> None:
        for atom, coefficient in unit.sender.terms:
            module.sender.weight[row, self.position(atom)] += coefficient
        for atom, coefficient in unit.receiver.terms:
            module.receiver.weight[row, self.position(atom)] += coefficient
        for term in unit.pair:
            self.fill_edge(module.edge, module.pair, row, term)
        module.receiver.bias[row] += unit.sender.constant + unit.receiver.constant
