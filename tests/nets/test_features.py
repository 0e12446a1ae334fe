"""Raw features stand in the columns that are named for them."""

from __future__ import annotations

import torch

from mechgap.nets.features import (
    INDEX,
    adjacency,
    edge_columns,
    everyone,
    graph_columns,
    hint_features,
    node_columns,
    raw_features,
)
from nets.cases import everything, flat_graphs, random_batch, small_config

SIZES = [4, 2]


def columns(config, part):
    return {"node": node_columns, "edge": edge_columns, "graph": graph_columns}[part](config)


def test_every_column_has_a_name_of_its_own():
    for changes in ({}, {"encode_hints": False}, {"reverse_edges": False, "node_index": True}):
        config = small_config(everything(), **changes)
        batch, values = random_batch(config.interface, SIZES)
        hints = hint_features(config, values, batch.nodes)
        raw = raw_features(config, batch, hints, torch.float32)
        for part, tensor in (("node", raw.nodes), ("edge", raw.edges), ("graph", raw.graph)):
            named = columns(config, part)
            assert len({(c.name, c.component, c.reversed) for c in named}) == len(named) == tensor.shape[-1]


def test_columns_hold_what_they_are_named_for():
    config = small_config(flat_graphs(), node_index=True)
    batch, values = random_batch(config.interface, SIZES)
    raw = raw_features(config, batch, hint_features(config, values, batch.nodes), torch.float32)
    nodes = {column.name: raw.nodes[..., i] for i, column in enumerate(node_columns(config))}
    edges = {(c.name, c.reversed): raw.edges[..., i] for i, c in enumerate(edge_columns(config))}
    assert [c.name for c in node_columns(config)] == [INDEX, "s", "d"]
    assert [(c.name, c.reversed) for c in edge_columns(config)] == [
        ("A", False), ("adj", False), ("pi_h", False), ("A", True), ("adj", True), ("pi_h", True)
    ]  # fmt: skip
    assert [c.name for c in graph_columns(config)] == ["k", "busy"]
    assert nodes[INDEX].tolist() == [[0, 1, 2, 3], [0, 1, 0, 0]]
    assert torch.equal(nodes["d"], values["d"])
    assert torch.equal(edges["A", False], batch.values["A"])
    assert torch.equal(edges["A", True], batch.values["A"].transpose(1, 2))
    pointers = values["pi_h"]
    for b, size in enumerate(SIZES):
        for i in range(4):
            for j in range(4):
                points = i < size and int(pointers[b, i]) == j
                assert edges["pi_h", False][b, i, j] == points == edges["pi_h", True][b, j, i]


def test_components_are_categories_and_marginals():
    config = small_config(everything(), encode_hints=False, reverse_edges=False)
    batch, _ = random_batch(config.interface, [3])
    raw = raw_features(config, batch, None, torch.float32)
    for i, column in enumerate(node_columns(config)):
        if column.name == "in_node_categorical":
            expected = batch.values[column.name] == column.component
            assert torch.equal(raw.nodes[..., i], expected.float())
        if column.name == "in_graph_pointer":
            expected = torch.arange(3) == batch.values[column.name][:, None]
            assert torch.equal(raw.nodes[..., i], expected.float())
    cube = torch.nn.functional.one_hot(batch.values["in_edge_pointer"], 3).float()
    for i, column in enumerate(edge_columns(config)):
        if column.name == "in_edge_pointer":
            assert torch.allclose(raw.edges[..., i], cube.mean(1 + column.component))


def test_hints_that_are_not_defined_are_minus_one():
    """As in the benchmark; of one-hot values that is so for the 1, and a pointer points to nothing."""
    config = small_config(everything())
    batch, values = random_batch(config.interface, SIZES)
    plain = hint_features(config, values, batch.nodes)
    generator = torch.Generator().manual_seed(1)
    defined = {name: torch.rand(value.shape, generator=generator) < 0.5 for name, value in values.items()}
    found = hint_features(config, values, batch.nodes, defined)
    for port in config.interface.hints:
        known = defined[port.name][..., None].expand_as(plain[port.name])
        blank = -plain[port.name] if port.kind.width > 1 else torch.full_like(plain[port.name], -1.0)
        wanted = torch.zeros_like(blank) if port.kind.refers else blank
        assert torch.equal(found[port.name], torch.where(known, plain[port.name], wanted))
    some = config.interface.hints[0].name
    alone = hint_features(config, values, batch.nodes, {some: defined[some]})
    for name, value in alone.items():
        assert torch.equal(value, (found if name == some else plain)[name])


def test_hints_that_are_not_given_are_zero():
    config = small_config(flat_graphs())
    batch, values = random_batch(config.interface, SIZES)
    raw = raw_features(config, batch, None, torch.float32)
    for part, tensor in (("node", raw.nodes), ("edge", raw.edges), ("graph", raw.graph)):
        for i, column in enumerate(columns(config, part)):
            assert tensor[..., i].any() == (column.name not in values)


def test_neighbours_are_linked_by_edge_masks_and_pointers_in_either_direction():
    config = small_config(flat_graphs())
    batch, values = random_batch(config.interface, SIZES)
    hints = hint_features(config, values, batch.nodes)
    linked = adjacency(config, batch, hints)
    for b, size in enumerate(SIZES):
        for i in range(4):
            for j in range(4):
                adj, pi = batch.values["adj"][b], values["pi_h"][b]
                expected = i == j or (
                    max(i, j) < size and bool(adj[i, j] or adj[j, i] or pi[i] == j or pi[j] == i)
                )
                assert linked[b, i, j] == expected
    without = adjacency(small_config(flat_graphs(), encode_hints=False), batch, hints)
    assert torch.equal(
        without, (batch.values["adj"] | batch.values["adj"].transpose(1, 2)) | torch.eye(4).bool()
    )


def test_soft_pointers_link_above_one_half():
    config = small_config(flat_graphs())
    batch, values = random_batch(config.interface, [3])
    batch.values["adj"].zero_()
    hints = hint_features(config, values, batch.nodes)
    hints["pi_h"] = torch.zeros(1, 3, 3)
    hints["pi_h"][0, 0, 1], hints["pi_h"][0, 1, 0], hints["pi_h"][0, 1, 2] = 0.3, 0.3, 0.5
    linked = adjacency(config, batch, hints)[0]
    assert linked.tolist() == [[True, True, False], [True, True, False], [False, False, True]]


def test_everyone_attends_all_nodes_and_padding_only_itself():
    batch, _ = random_batch(flat_graphs(), SIZES)
    assert torch.equal(everyone(batch)[0], torch.ones(4, 4).bool())
    assert everyone(batch)[1].sum(1).tolist() == [2, 2, 1, 1]
