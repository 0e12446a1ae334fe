"""Files of networks: round trips, and files that are refused."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors import safe_open
from safetensors.torch import save_file

from mechgap.errors import CheckpointError, FileFormatError, MechgapError
from mechgap.nets.config import NetworkConfig, clrs_config
from mechgap.nets.network import Network
from mechgap.nets.shapes import MPNNConfig, RoundConfig, TransformerConfig
from mechgap.nets.storage import KEY, load, save
from nets.cases import (
    MPNN_LINKED,
    MPNN_TRIPLES,
    TRANSFORMER_PAIRS,
    counting_network,
    everything,
    flat_graphs,
    small_config,
)

CONFIGS = {
    "small": small_config(everything(), halting=True, node_index=True),
    "prologue": small_config(flat_graphs(), prologue=(RoundConfig(mid=3, width=8),)),
    "transformer": small_config(everything(), halting=True, **TRANSFORMER_PAIRS),
    "mpnn": small_config(everything(), halting=True, **MPNN_TRIPLES),
    "linked mpnn": small_config(flat_graphs(), prologue=(MPNNConfig(width=8, received=0),), **MPNN_LINKED),
    "clrs": clrs_config(flat_graphs(), hidden=16, heads=2, attend="all", edge_values=True),
}


@pytest.mark.parametrize("name", CONFIGS)
def test_configurations_are_plain_json(name):
    text = json.dumps(CONFIGS[name].to_json(), allow_nan=False)
    assert NetworkConfig.from_json(json.loads(text)) == CONFIGS[name]


@pytest.mark.parametrize("name", CONFIGS)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64], ids=str)
def test_a_network_is_read_as_it_was_written(tmp_path, name, dtype):
    network = Network(CONFIGS[name], seed=3).to(dtype)
    save(network, tmp_path / "deep" / "net.safetensors", {"layout": "{}", "note": "é"})
    back, extra = load(tmp_path / "deep" / "net.safetensors")
    assert back.config == network.config and back.dtype == dtype and extra == {"layout": "{}", "note": "é"}
    assert back.state_dict().keys() == network.state_dict().keys()
    for key, value in network.state_dict().items():
        assert torch.equal(back.state_dict()[key], value)
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["net.safetensors"]


def test_a_failed_write_leaves_the_old_file(tmp_path, monkeypatch):
    path = tmp_path / "net.safetensors"
    save(counting_network(), path)
    before = path.read_bytes()
    monkeypatch.setattr("os.replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        save(Network(CONFIGS["small"]), path)
    assert path.read_bytes() == before and len(list(tmp_path.iterdir())) == 1


def test_missing_and_corrupt_files_are_refused(tmp_path):
    path = tmp_path / "net.safetensors"
    with pytest.raises(CheckpointError, match="no such file"):
        load(path)
    save(counting_network(), path)
    data = path.read_bytes()
    for bad in (data[: len(data) // 2], data[:4], b"", b"\x80\x04pickle" * 20, b"\xff" * 200):
        path.write_bytes(bad)
        with pytest.raises(CheckpointError, match="cannot be read"):
            load(path)


def rewrite(path, metadata=None, **tensors):
    """The file with some metadata and tensors changed."""
    with safe_open(str(path), framework="pt") as file:
        kept = {name: file.get_tensor(name) for name in list(file.keys())}
        texts = {**json.loads(file.metadata()[KEY]), **(metadata or {})}
    save_file(
        {n: t for n, t in {**kept, **tensors}.items() if t is not None}, str(path), {KEY: json.dumps(texts)}
    )


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"metadata": {"format": "other/1"}}, "format 'other/1'"),
        ({"metadata": {"config": None}}, "do not fit|TypeError"),
        ({"metadata": {"config": {}}}, "do not fit"),
        ({"metadata": {"config": []}}, "do not fit"),
        ({"metadata": {"extra": []}}, "configuration"),
        ({"rounds.0.attend": torch.zeros(2, 2)}, "weight rounds.0.attend"),
        ({"rounds.0.attend": None}, r"shape missing \(1 such weights\)"),
        ({"more": torch.zeros(2)}, "weight more"),
    ],
)
def test_foreign_and_mismatched_files_are_refused(tmp_path, change, message):
    path = tmp_path / "net.safetensors"
    save(counting_network(), path)
    rewrite(path, **change)
    with pytest.raises(CheckpointError, match=message):
        load(path)


def test_a_file_of_another_program_is_refused(tmp_path):
    path = tmp_path / "other.safetensors"
    save_file({"weight": torch.zeros(2)}, str(path))
    with pytest.raises(CheckpointError, match="of another program"):
        load(path)


def test_a_configuration_that_does_not_fit_itself_is_refused():
    with pytest.raises(MechgapError, match="the hidden width 8"):
        small_config(flat_graphs(), rounds=(RoundConfig(mid=4, width=6),))
    with pytest.raises(MechgapError, match="no rounds"):
        small_config(flat_graphs(), rounds=())
    with pytest.raises(MechgapError, match="heads divide"):
        RoundConfig(heads=3, mid=4, width=6)
    with pytest.raises(MechgapError, match="keys=5, heads=2"):
        TransformerConfig(heads=2, keys=5, width=6)
    with pytest.raises(MechgapError, match="attend='some'"):
        RoundConfig(attend="some")
    with pytest.raises(FileFormatError, match="do not fit"):
        NetworkConfig.from_json({})


def test_equal_networks_make_equal_files(tmp_path):
    for name in ("a", "b"):
        save(Network(CONFIGS["small"], seed=1), tmp_path / name, {"x": "1", "y": "2", "z": "3"})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
