"""Last pass for graph transformers: from the laid out intermediate form to the parameters of a network."""

from __future__ import annotations

from ...nets.attention_round import AbstractAttentionRound
from ...nets.network import Network
from ...nets.shapes import TransformerConfig
from ...nets.transformer import TransformerRound
from ..ir import Fetch
from ..layout import RoundPlan
from .dot_products import Part, local, parts, prior, squares
from .filling import Plan, configured, fill_row
from .round_emitter import AbstractRoundEmitter, Prices, emit_network, shaped, usual


def emit(plan: Plan, prices: Prices = usual) -> Network:
    """The network whose parameters are the compiled program.

    Args:
        plan: everything that is emitted.
        prices: of the conditions of each fetch.
    """
    fetches = [fetch for rounds in plan.rounds for round in rounds for fetch in round.fetches]
    prologue, rounds = (tuple(_shape(plan, round) for round in rounds) for rounds in plan.rounds)
    config = configured(plan, prologue, rounds, index_square=any(map(squares, fetches)))
    return emit_network(plan, config, _RoundEmitter, prices)


def _shape(plan: Plan, round: RoundPlan) -> TransformerConfig:
    heads = max(1, len(round.fetches))
    keys = max([1, *(len(parts(fetch, plan.n)) for fetch in round.fetches)])
    return shaped(TransformerConfig(heads=heads, keys=heads * keys, width=heads * round.part), round, local)


class _RoundEmitter(AbstractRoundEmitter):
    """Fills one round of a transformer."""

    def fill_head(self, module: AbstractAttentionRound, head: int, fetch: Fetch) -> None:
        assert isinstance(module, TransformerRound)
        for k, part in enumerate(parts(fetch, self.plan.n, self.prices(fetch))):
            self._fill_part(module, head * module.depth + k, part)
        fill_row(module.prior, head, ((self.position(atom), c) for atom, c in prior(fetch).terms))

    def _fill_part(self, module: TransformerRound, row: int, part: Part) -> None:
        for layer, form in ((module.query, part.query), (module.key, part.sender)):
            fill_row(layer, row, ((self.position(atom), c) for atom, c in form.terms), form.constant)
        for term in part.pair:
            self.fill_edge(module.edge, module.pair, row, term)
