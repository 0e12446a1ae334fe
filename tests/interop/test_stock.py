"""Files of stock parameters; and, where dm-clrs is installed, its own scores of them.

CI has no dm-clrs. In an environment that has it (extra ``clrs``): pytest tests/interop/test_stock.py
"""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from mechgap.compiler.stock.compilation import stock_parameters
from mechgap.errors import FileFormatError, MechgapError
from mechgap.interop.stock import load_stock, save_stock, score_stock, tree
from mechgap.tasks.catalogue import load

HAS_CLRS = importlib.util.find_spec("clrs") is not None


def test_a_file_holds_everything(tmp_path):
    stock = stock_parameters(load("strongly_connected_components").program, "mpnn")
    save_stock(stock, tmp_path / "scc.npz")
    again = load_stock(tmp_path / "scc.npz")
    assert (again.width, again.rounds, again.silent) == (stock.width, stock.rounds, ("A_t",))
    assert all(np.array_equal(array, again.arrays[key]) for key, array in stock.arrays.items())


def test_other_files_are_told(tmp_path):
    np.savez(tmp_path / "other.npz", a=np.zeros(3))
    with pytest.raises(FileFormatError, match="mechgap stock"):
        load_stock(tmp_path / "other.npz")
    with pytest.raises(FileFormatError):
        load_stock(tmp_path / "none.npz")


def test_parameters_nest_as_the_benchmark_has_them():
    nested = tree({"net/a/w": np.ones(2), "net/a/b": np.zeros(1), "net/b/w": np.ones(1)})
    assert {module: sorted(layer) for module, layer in nested.items()} == {
        "net/a": ["b", "w"],
        "net/b": ["w"],
    }


@pytest.mark.skipif(HAS_CLRS, reason="dm-clrs is installed")
def test_without_the_benchmark_there_is_no_score():
    with pytest.raises(MechgapError, match=r"mechgap\[clrs\]"):
        score_stock(stock_parameters(load("bfs").program, "mpnn"), 4, 1, 0)


@pytest.mark.skipif(not HAS_CLRS, reason="dm-clrs is not installed")
@pytest.mark.parametrize("processor", ["mpnn", "pgn", "triplet_gmpnn", "gatv2", "gatv2_full"])
def test_the_benchmark_scores_bfs_as_exact(processor):
    stock = stock_parameters(load("bfs").program, processor, undirected=True)
    found = score_stock(stock, 8, 4, 1)
    assert found.exact and found.hints_exact


@pytest.mark.skipif(not HAS_CLRS, reason="dm-clrs is not installed")
@pytest.mark.parametrize("name", ["minimum", "insertion_sort", "dijkstra", "dfs", "naive_string_matcher"])
def test_the_benchmark_scores_it_as_exact(name):
    found = score_stock(stock_parameters(load(name).program, "mpnn", at_once=True), 8, 2, 1)
    assert found.exact and found.hints_exact
