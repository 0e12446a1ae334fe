"""Maps over pairs: their gradients, and that blocks do not matter."""

from __future__ import annotations

import pytest
import torch
from torch.autograd import gradcheck

from mechgap.nets import pairs
from mechgap.nets.edge_keys import dot_products
from mechgap.nets.encoded import Projection

LIMITS = [1, 40, 100, 1 << 20]


def draw(*shape, seed=0):
    generator = torch.Generator().manual_seed(seed + sum(shape))
    return torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_()


@pytest.mark.parametrize("limit", LIMITS)
def test_blocks_cover_every_pair_once(monkeypatch, limit):
    monkeypatch.setattr(pairs, "LIMIT", limit)
    seen = torch.zeros(3, 4, 4)
    for block in pairs.blocks(3, 4, 2):
        seen[block.graphs, block.rows] += 1
    assert torch.equal(seen, torch.ones(3, 4, 4))


@pytest.mark.parametrize("limit", LIMITS)
def test_attention_logits_have_their_gradients(monkeypatch, limit):
    monkeypatch.setattr(pairs, "LIMIT", limit)
    inputs = (
        draw(2, 3, 3, 2),
        draw(4, 2),
        draw(4),
        draw(2, 3, 4),
        draw(2, 3, 4, seed=1),
        draw(2, 4),
        draw(4, 2),
    )

    def logits(edges, weight, bias, sender, receiver, shared, heads):
        return pairs.attention_logits(
            edges, Projection(weight, bias), (sender, receiver), shared, heads, 0.01
        )

    assert gradcheck(logits, inputs)
    edges, weight, bias, sender, receiver, shared, heads = inputs
    layer = edges @ weight.T + bias + sender[:, None] + receiver[:, :, None] + shared[:, None, None]
    assert torch.allclose(logits(*inputs), (torch.nn.functional.leaky_relu(layer) @ heads).movedim(3, 1))


@pytest.mark.parametrize("limit", LIMITS)
def test_dot_products_have_their_gradients(monkeypatch, limit):
    monkeypatch.setattr(pairs, "LIMIT", limit)
    inputs = (draw(2, 3, 3, 2), draw(4, 2), draw(4), draw(2, 3, 4), draw(2, 3, 4, seed=1))
    heads = torch.eye(2, dtype=torch.float64).repeat_interleave(2, 0)

    def products(edges, weight, bias, keys, queries):
        return dot_products(edges, Projection(weight, bias), keys, queries, heads)

    assert gradcheck(products, inputs)
    edges, weight, bias, keys, queries = inputs
    product = queries[:, :, None] * (edges @ weight.T + bias + keys[:, None])
    assert torch.allclose(products(*inputs), product.unflatten(3, (2, 2)).sum(-1).movedim(3, 1))


@pytest.mark.parametrize("limit", LIMITS)
def test_pointer_logits_have_their_gradients(monkeypatch, limit):
    monkeypatch.setattr(pairs, "LIMIT", limit)
    inputs = (draw(2, 3, 3, 2), draw(4, 2), draw(4), draw(2, 3, 4), draw(2, 3, 4, seed=1), draw(4, seed=2))

    def logits(edges, weight, bias, receiver, candidate, final):
        return pairs.pointer_logits(edges, Projection(weight, bias), receiver, candidate, final)

    assert gradcheck(logits, inputs)
    edges, weight, bias, receiver, candidate, final = inputs
    layer = torch.maximum(edges @ weight.T + bias + candidate[:, None], receiver[:, :, None])
    assert torch.allclose(logits(*inputs), layer @ final)


def test_raw_features_without_gradient_get_none():
    edges = draw(1, 3, 3, 2).detach()
    weight = draw(4, 2)
    result = pairs.pointer_logits(
        edges, Projection(weight, draw(4)), draw(1, 3, 4), draw(1, 3, 4, seed=1), draw(4)
    )
    result.sum().backward()
    assert edges.grad is None and weight.grad is not None
