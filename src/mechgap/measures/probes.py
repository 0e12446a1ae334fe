"""Probes of fixed capacity: what of a variable can be read off the vectors of nodes by a linear map."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from .admissible import member

if TYPE_CHECKING:
    from jaxtyping import Bool, Float

ITERATIONS = 40
"""Steps of L-BFGS of every fit without a closed form."""
TOLERANCE = 1e-3
"""Slope of the loss, in nats, below which a fit ends early."""
_MEMORY = 20
"""Past steps that show the curvature."""
_BACKWARDS = 20
"""How often a step that does not lower the loss is halved."""
RANK = 8
"""Products of the two vectors that a probe for pointers adds up."""
PRECISION = 2.0**-8
"""To which share of its standard deviation a number is coded."""
_SPREAD = 3.0
"""Variance that weights have before anything is seen: the penalty is their square over twice that."""
_LOOSENESS = 0.01
"""Precision of weights against noise, and twice the noise, that a number has before anything is seen."""
_FAINT = 1e-10
"""Directions with less of the largest variance than this are rounding."""
_ROWS_EACH = 4
"""Rows that every direction which is kept must have."""


@dataclass(frozen=True)
class Goal:
    """What a probe is to read in several graphs.

    Attributes:
        truth: [S, P] classes or numbers, or [S, P, N] all nodes that are right; P places, which are the
            N nodes or the one graph.
        counted: [S, P], the places that count.
        nodes: [S, N], which rows are nodes.
    """

    truth: Tensor
    counted: Bool[Tensor, "S P"]
    nodes: Bool[Tensor, "S N"]

    def take(self, rows: Tensor) -> Goal:
        """The goal in the given graphs."""
        return Goal(self.truth[rows], self.counted[rows], self.nodes[rows])


class AbstractFit(ABC):
    """A probe with its weights."""

    @abstractmethod
    def errors(self, x: Float[Tensor, "S N F"], goal: Goal) -> Float[Tensor, "S P"]:
        """How wrong each place is: 0 or 1, or the absolute error of a number in recorded units."""

    @abstractmethod
    def bits(self, x: Float[Tensor, "S N F"], goal: Goal) -> Float[Tensor, "S P"]:
        """How long the truth at each place is, coded by what the probe expects; 0 where none counts."""

    def skill(self, x: Float[Tensor, "S N F"], goal: Goal) -> tuple[Tensor, Tensor]:
        """Two [S, P] whose sums over places have the accuracy, or R² of a number, as their ratio."""
        return 1.0 - self.errors(x, goal), goal.counted.to(torch.float64)


class AbstractProbe(ABC):
    """A family of maps from vectors of nodes to a variable, from which a fit takes one."""

    @property
    @abstractmethod
    def capacity(self) -> str:
        """What the probe can be, in words."""

    @abstractmethod
    def fit(self, x: Float[Tensor, "S N F"], goal: Goal) -> AbstractFit:
        """The probe that suits the places that count; without any, one that expects nothing."""


class ClassProbe(AbstractProbe):
    """Multinomial logistic regression at every node.

    Args:
        classes: how many values there are.
    """

    def __init__(self, classes: int) -> None:
        self.classes = classes

    @property
    def capacity(self) -> str:
        return "logistic regression"

    def fit(self, x: Tensor, goal: Goal) -> AbstractFit:
        rows, labels = _affine(x[goal.counted]), goal.truth[goal.counted]

        def loss(weights: Tensor) -> Tensor:
            table = (rows @ weights.reshape(-1, self.classes)).log_softmax(-1)
            return -table.gather(1, labels[:, None]).sum()

        start = x.new_zeros(rows.shape[1] * self.classes)
        return _ClassFit(minimised(loss, start).reshape(-1, self.classes))


@dataclass(frozen=True)
class _ClassFit(AbstractFit):
    weights: Tensor

    def errors(self, x: Tensor, goal: Goal) -> Tensor:
        return ((_affine(x) @ self.weights).argmax(-1) != goal.truth).to(torch.float64)

    def bits(self, x: Tensor, goal: Goal) -> Tensor:
        table = (_affine(x) @ self.weights).log_softmax(-1)
        found = -table.gather(-1, goal.truth[..., None])[..., 0] / math.log(2.0)
        return torch.where(goal.counted, found, 0.0)


class NumberProbe(AbstractProbe):
    """Ridge regression at every node, as Bayesian regression with unknown noise (closed form).

    Args:
        center, scale: of the numbers, known to the probe beforehand.
    """

    def __init__(self, center: float, scale: float) -> None:
        self.center = center
        self.scale = scale

    @property
    def capacity(self) -> str:
        return "ridge regression"

    def fit(self, x: Tensor, goal: Goal) -> AbstractFit:
        rows, numbers = _affine(x[goal.counted]), self.standard(goal)[goal.counted]
        size = rows.shape[1]
        known = _LOOSENESS * torch.eye(size, dtype=rows.dtype, device=rows.device) + rows.T @ rows
        factor = torch.linalg.cholesky(known)
        weights = torch.cholesky_solve((rows.T @ numbers)[:, None], factor)[:, 0]
        squares = (numbers - rows @ weights).square().sum() + _LOOSENESS * weights.square().sum()
        return _NumberFit(self, weights, factor, 1.0 + len(rows), float(_LOOSENESS + squares))

    def standard(self, goal: Goal) -> Tensor:
        """[S, P], the numbers about their centre in units of their scale."""
        return (goal.truth - self.center) / self.scale


@dataclass(frozen=True)
class _NumberFit(AbstractFit):
    """Attributes: degrees of freedom and sum of squares give the variance of the noise."""

    probe: NumberProbe
    weights: Tensor
    factor: Tensor
    freedom: float
    squares: float

    def errors(self, x: Tensor, goal: Goal) -> Tensor:
        return (self._off(x, goal) * self.probe.scale).abs()

    def bits(self, x: Tensor, goal: Goal) -> Tensor:
        rows = _affine(x)
        flat = rows.reshape(-1, rows.shape[-1])
        leverage = torch.linalg.solve_triangular(self.factor, flat.T, upper=False).square().sum(0)
        variance = self.squares / self.freedom * (1.0 + leverage.reshape(rows.shape[:-1])) + PRECISION**2
        density = _student(self._off(x, goal), variance, self.freedom)
        return torch.where(goal.counted, -(density + math.log(PRECISION)) / math.log(2.0), 0.0)

    def skill(self, x: Tensor, goal: Goal) -> tuple[Tensor, Tensor]:
        total = self.probe.standard(goal).square()
        return total - self._off(x, goal).square(), total

    def _off(self, x: Tensor, goal: Goal) -> Tensor:
        return self.probe.standard(goal) - _affine(x) @ self.weights


class NodeProbe(AbstractProbe):
    """A softmax over the nodes of a graph, each with a linear score."""

    @property
    def capacity(self) -> str:
        return "softmax over nodes"

    def fit(self, x: Tensor, goal: Goal) -> AbstractFit:
        def scores(weights: Tensor, x: Tensor) -> Tensor:
            return (x @ weights)[:, None]

        return _chosen(scores, x.new_zeros(x.shape[-1]), x, goal)


class PointerProbe(AbstractProbe):
    """A softmax over the nodes j of a graph at each node i, of one fixed rank.

    The score is a(x_i) · k(y_j) + b · y_j - g |k(y_j)|² / 2, with affine a and linear k of ``RANK``
    dimensions; to the score of i itself an affine function of x_i is added. With g = 0 it is bilinear; with
    g = 1 it looks for the node whose k is nearest to a, so that it reads addresses that are numbers. To
    tell candidates apart y_j is x_j with the position j at the end; what points is read off x_i alone.
    Without vectors it still knows how often nodes point to themselves, and to low positions.
    """

    @property
    def capacity(self) -> str:
        return f"products of rank {RANK}"

    def fit(self, x: Tensor, goal: Goal) -> AbstractFit:
        width = x.shape[-1] + 1
        rank = min(RANK, width)
        sizes = [width * rank, width * rank, width, 1, width]

        def scores(weights: Tensor, x: Tensor) -> Tensor:
            asks, keys, bias, bend, own = torch.split(weights, sizes)
            points, targets = _affine(x), _placed(x)
            key = targets @ keys.reshape(width, rank)
            each = targets @ bias - 0.5 * bend * key.square().sum(-1)
            found = (points @ asks.reshape(width, rank)) @ key.transpose(1, 2) + each[:, None]
            return found + torch.diag_embed(points @ own)

        start = x.new_zeros(sum(sizes))
        if bool(goal.counted.any()):
            asks, keys = _tendency(x, goal, rank)
            start[: sizes[0]], start[sizes[0] : sizes[0] + sizes[1]] = asks.flatten(), keys.flatten()
        return _chosen(scores, start, x, goal)


Scores = Callable[[Tensor, Tensor], Tensor]
"""Weights and vectors [S, N, F] -> [S, P, N], how good each node is for each place."""


@dataclass(frozen=True)
class _ChoiceFit(AbstractFit):
    scores: Scores
    weights: Tensor

    def errors(self, x: Tensor, goal: Goal) -> Tensor:
        scores = self.scores(self.weights, x).masked_fill(~goal.nodes[:, None], -torch.inf)
        return (~member(goal.truth, scores.argmax(-1).expand(goal.counted.shape))).to(torch.float64)

    def bits(self, x: Tensor, goal: Goal) -> Tensor:
        found = torch.zeros(goal.counted.shape, dtype=x.dtype, device=x.device)
        found[goal.counted] = _surprise(self.scores(self.weights, x), goal) / math.log(2.0)
        return found


def _chosen(scores: Scores, start: Tensor, x: Tensor, goal: Goal) -> AbstractFit:
    """The best choice among nodes; any node that is right is as good as any other."""
    return _ChoiceFit(scores, minimised(lambda weights: _surprise(scores(weights, x), goal).sum(), start))


def _surprise(scores: Tensor, goal: Goal) -> Tensor:
    """[R], minus the logarithm of the chance of right nodes, at the places that count."""
    places = goal.counted.nonzero()[:, 0]
    table = scores.expand(*goal.counted.shape, -1)[goal.counted].masked_fill(~goal.nodes[places], -torch.inf)
    return table.logsumexp(-1) - table.masked_fill(~goal.truth[goal.counted], -torch.inf).logsumexp(-1)


def _tendency(x: Tensor, goal: Goal, rank: int) -> tuple[Tensor, Tensor]:
    """The directions in which ends and right nodes vary together most: where a fit starts."""
    right = goal.truth.to(x.dtype)
    right = right / right.sum(-1, keepdim=True).clamp(min=1.0)
    pull = right - goal.nodes[:, None] / goal.nodes.sum(1).to(x.dtype)[:, None, None]
    other = ~torch.eye(x.shape[1], dtype=torch.bool, device=x.device)
    pull = pull * goal.counted[..., None] * other
    moment = torch.einsum("sif,sij,sjg->fg", _affine(x), pull, _placed(x)) / goal.counted.sum()
    left, sizes, right = torch.linalg.svd(moment, full_matrices=False)
    root = sizes[:rank].clamp(min=1e-6).sqrt()
    return left[:, :rank] * root, right[:rank].T * root


def minimised(loss: Callable[[Tensor], Tensor], start: Tensor) -> Tensor:
    """The weights with the least loss plus penalty that a fixed number of steps of L-BFGS finds.

    Args:
        loss: of a vector of weights, a sum over outcomes in nats.
        start: where to begin.
    """
    if not start.numel():
        return start
    weights, (value, slope) = start, _sloped(loss, start)
    past: list[tuple[Tensor, Tensor]] = []
    for _ in range(ITERATIONS):
        if float(slope.abs().amax()) < TOLERANCE:
            break
        heading = -_curved(slope, past)
        fall, rate = float(slope @ heading), 1.0 if past else min(1.0, 1.0 / float(slope.abs().sum()))
        for _ in range(_BACKWARDS):
            reached = weights + rate * heading
            lower, steeper = _sloped(loss, reached)
            if lower <= value + 1e-4 * rate * fall:
                break
            rate /= 2.0
        else:
            break
        if float((reached - weights) @ (steeper - slope)) > 0.0:
            past = [*past[1 - _MEMORY :], (reached - weights, steeper - slope)]
        weights, value, slope = reached, lower, steeper
    return weights


def _sloped(loss: Callable[[Tensor], Tensor], weights: Tensor) -> tuple[float, Tensor]:
    """The loss with its penalty, and its gradient."""
    with torch.enable_grad():
        leaf = weights.detach().requires_grad_(True)
        total = loss(leaf) + leaf.square().sum() / (2.0 * _SPREAD)
        (slope,) = torch.autograd.grad(total, leaf)
    return float(total.detach()), slope


def _curved(slope: Tensor, past: list[tuple[Tensor, Tensor]]) -> Tensor:
    """The gradient times the inverse curvature that past steps show (Nocedal 1980)."""
    found, shares = slope, []
    for step, change in reversed(past):
        share = (step @ found) / (step @ change)
        found = found - share * change
        shares.append(share)
    if past:
        step, change = past[-1]
        found = found * ((step @ change) / (change @ change))
    for (step, change), share in zip(past, reversed(shares), strict=True):
        found = found + step * (share - (change @ found) / (step @ change))
    return found


@dataclass(frozen=True)
class Whitening:
    """An affine map after which all directions that vary have variance 1 and are uncorrelated.

    Probes on whitened vectors score the same after any invertible affine map of the vectors.

    Attributes:
        mean: of the vectors.
        matrix: to the directions that are kept.
    """

    mean: Float[Tensor, " H"]
    matrix: Float[Tensor, "H F"]

    @classmethod
    def of(cls, vectors: Float[Tensor, "R H"]) -> Whitening:
        """The map for given vectors; directions that hardly vary are left out, and small ones of too many."""
        vectors = vectors.to(torch.float64)
        mean = vectors.mean(0)
        sizes = (vectors - mean).square().mean(0).sqrt()
        varies = sizes > _FAINT * vectors.abs().amax(0)
        scales = torch.where(varies, 1.0 / sizes, 0.0)
        standard = (vectors - mean) * scales
        values, directions = torch.linalg.eigh(standard.T @ standard / len(vectors))
        kept = values > _FAINT * values.amax().clamp(min=1e-300)
        kept[: max(0, len(values) - len(vectors) // _ROWS_EACH)] = False
        return cls(mean, scales[:, None] * directions[:, kept] / values[kept].sqrt())

    def __call__(self, vectors: Tensor) -> Tensor:
        """Whitened vectors [..., F], float64."""
        return (vectors.to(torch.float64) - self.mean) @ self.matrix


def _placed(x: Tensor) -> Tensor:
    """[S, N, F + 1], with the position of the node at the end, counted from the middle."""
    count = x.shape[1]
    position = torch.arange(count, dtype=x.dtype, device=x.device) - (count - 1) / 2
    return torch.cat([x, position.expand(len(x), -1)[..., None]], -1)


def _student(off: Tensor, variance: Tensor, freedom: float) -> Tensor:
    """Logarithm of the density of Student's t of a squared scale, at some distance from its centre."""
    half = freedom / 2.0
    height = math.lgamma(half + 0.5) - math.lgamma(half) - 0.5 * math.log(freedom * math.pi)
    return height - 0.5 * variance.log() - (half + 0.5) * (off.square() / (freedom * variance)).log1p()


def _affine(x: Tensor) -> Tensor:
    """[..., F + 1], with a 1 at the end."""
    return torch.cat([x, x.new_ones(*x.shape[:-1], 1)], -1)
