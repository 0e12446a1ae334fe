"""What holds for every kind: round trips, shapes, and losses that mean what they say."""

from __future__ import annotations

import json
import math

import pytest
import torch

from mechgap.errors import FileFormatError
from mechgap.kinds.catalog import KINDS, kind_from_json
from mechgap.kinds.categorical import Categorical
from mechgap.kinds.mask import Mask, MaskOne
from mechgap.kinds.pointer import Pointer
from mechgap.kinds.scalar import Scalar
from mechgap.lang.location import PLACES, Location
from mechgap.lang.program import Port
from nets.cases import ALL_KINDS, random_value, real_nodes

SIZES = [4, 2, 1]
NODES = real_nodes(SIZES)
PLACES = [
    (kind, location)
    for kind in ALL_KINDS
    for location in PLACES
    if not isinstance(kind, MaskOne) or location is Location.NODE
]
every_place = pytest.mark.parametrize(
    ("kind", "location"), PLACES, ids=lambda part: getattr(part, "name", str(part))
)


def draw(kind, location, seed=0):
    return random_value(Port("x", location, kind), NODES, torch.Generator().manual_seed(seed))


def certain(kind, values):
    """Logits that leave no doubt."""
    features = kind.features(values, NODES)
    return features if isinstance(kind, Scalar) else 40 * features - 20


def real(location):
    return {0: NODES[:, 0], 1: NODES, 2: NODES[:, :, None] & NODES[:, None]}[location.rank]


def test_every_kind_is_tested():
    assert {type(kind) for kind in ALL_KINDS} == set(KINDS)


@every_place
def test_features_have_the_places_of_the_value_and_a_width(kind, location):
    values = draw(kind, location)
    width = NODES.shape[1] if kind.refers else kind.width
    assert kind.features(values, NODES).shape == (*values.shape, width)
    assert kind.features(values, NODES).is_floating_point()


@every_place
def test_decoding_certain_logits_gives_the_value_back(kind, location):
    values = draw(kind, location)
    decoded = kind.decode(certain(kind, values), NODES)
    assert decoded.dtype == values.dtype and decoded.shape == values.shape
    assert torch.equal(decoded[real(location)], values[real(location)])


@every_place
def test_soft_features_of_certain_logits_are_the_features_of_the_value(kind, location):
    values = draw(kind, location)
    soft = kind.soften(certain(kind, values), NODES)[real(location)]
    assert torch.allclose(soft, kind.features(values, NODES)[real(location)], atol=1e-6)


@every_place
def test_the_loss_is_finite_everywhere_and_zero_where_certain_and_right(kind, location):
    values = draw(kind, location)
    other = draw(kind, location, seed=1)
    right = kind.loss(certain(kind, values), values, NODES)
    wrong = kind.loss(certain(kind, other), values, NODES)
    assert right.shape == values.shape == wrong.shape
    assert torch.isfinite(wrong).all() and torch.isfinite(right).all()
    assert right[real(location)].abs().max() < 1e-6
    differ = ~kind.agreement(other, values) & real(location)
    assert (wrong[differ] > 0.0).all()
    assert torch.allclose(wrong[~differ & real(location)], torch.zeros(()), atol=1e-6)


@every_place
def test_a_value_agrees_with_itself_and_error_counts_disagreement(kind, location):
    values, other = draw(kind, location), draw(kind, location, seed=2)
    assert kind.agreement(values, values).all() and kind.error(values, values).sum() == 0
    assert torch.equal(kind.agreement(values, other), kind.error(values, other) <= 1e-5)
    assert kind.agreement(values, other).shape == values.shape


@pytest.mark.parametrize("kind", [MaskOne(), Pointer()], ids=["mask_one", "pointer"])
def test_padding_is_never_selected(kind):
    logits = torch.zeros(3, 4, 4 if kind.refers else 1)
    nodes = NODES
    high = (~nodes).float() * 100
    logits += high[:, None] if kind.refers else high[..., None]
    decoded = kind.decode(logits, nodes)
    soft = kind.soften(logits, nodes)
    if kind.refers:
        assert (decoded < nodes.sum(1)[:, None]).all()
        assert torch.allclose(soft[1, 0], torch.tensor([0.5, 0.5, 0.0, 0.0]))
    else:
        assert not (decoded & ~nodes).any() and (decoded.sum(1) == 1).all()
        assert torch.allclose(soft[1, :, 0], torch.tensor([0.5, 0.5, 0.0, 0.0]))


def test_losses_are_those_of_clrs():
    logits = torch.tensor([[[1.0], [2.0], [-3.0], [0.0]]] * 3)
    scalar = Scalar().loss(logits, torch.full((3, 4), 0.5), NODES)
    assert torch.allclose(scalar[0], torch.tensor([0.25, 2.25, 12.25, 0.25]))
    mask = Mask().loss(logits, NODES, NODES)[0, 1]
    assert mask.item() == pytest.approx(math.log(1 + math.exp(-2)))
    one = torch.tensor([[False, True, False, False]] * 3)
    assert MaskOne().loss(logits, one, NODES)[0, 3].item() == pytest.approx(
        -math.log(math.exp(2) / (math.exp(1) + math.exp(2) + math.exp(-3) + 1))
    )
    assert MaskOne().loss(logits, one, NODES)[1, 0].item() == pytest.approx(math.log(1 + math.exp(-1)))
    colour = Categorical(("a", "b")).loss(torch.tensor([[1.0, 0.0]]), torch.tensor([1]), NODES[:1])
    assert colour.item() == pytest.approx(math.log(1 + math.exp(1)))


def test_a_pointer_to_no_node_has_no_features_and_no_loss():
    values = torch.tensor([[0, 4, -1, 1], [2, 1, 0, 0], [0, 0, 0, 0]])
    assert Pointer().features(values, NODES)[0].sum(-1).tolist() == [1.0, 0.0, 0.0, 1.0]
    loss = Pointer().loss(torch.zeros(3, 4, 4), values, NODES)
    assert loss[0].tolist() == pytest.approx([math.log(4), 0.0, 0.0, math.log(4)])
    assert loss[1].tolist() == pytest.approx([0.0, math.log(2), math.log(2), math.log(2)])


def test_an_answer_at_one_node_is_right_or_wrong_for_the_whole_graph():
    truth = torch.tensor([[True, False, False]])
    other = torch.tensor([[False, True, False]])
    assert MaskOne().agreement(other, truth).tolist() == [[False, False, False]]


def test_numbers_agree_within_a_tolerance():
    a, b = torch.tensor([1.0, 1.0]), torch.tensor([1.0 + 5e-6, 1.1])
    assert Scalar().agreement(a, b).tolist() == [True, False]
    assert Scalar().agreement(a, b, 0.2).tolist() == [True, True]
    assert Scalar().error(a, b)[1].item() == pytest.approx(0.1)


KINDS_TO_WRITE = (*ALL_KINDS, Scalar(-2.0, math.inf, True, 0.01), Scalar(0, 1))


@pytest.mark.parametrize("kind", KINDS_TO_WRITE, ids=lambda kind: kind.describe())
def test_kinds_are_written_as_plain_json(kind):
    text = json.dumps(kind.to_json(), allow_nan=False)
    assert kind_from_json(json.loads(text)) == kind


@pytest.mark.parametrize(
    "data", [{}, {"kind": "tensor"}, {"kind": "scalar"}, {"kind": "scalar", "bounds": [1]}, []]
)
def test_data_that_are_no_kind_are_refused(data):
    with pytest.raises(FileFormatError, match="the kind of a port"):
        kind_from_json(data)
