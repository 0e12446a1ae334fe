"""Edge lists in files."""

from __future__ import annotations

import pytest

from mechgap.errors import FileFormatError, GraphError, MechgapError
from mechgap.interop.edges import read_edges


def read(tmp_path, text, **options):
    path = tmp_path / "graph.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return read_edges(path, **options)


@pytest.mark.parametrize(
    "text",
    [
        "a,b,2\nb,c,0.5\n",
        "source,target,weight\na,b,2\nb,c,0.5\n",
        "From\tTo\tkm\na\tb\t2\nb\tc\t5e-1",
        "\ufeff# roads\n\na, b, 2\r\n  b,c,.5\r\n\r\n",
        '"a","b",2\nb,c,0.5,\n',
        "a,b,2\nb,c,0.5\nb,a,2\n",
    ],
)
def test_lists_with_and_without_headers(tmp_path, text):
    graph = read(tmp_path, text)
    assert graph.names == ("a", "b", "c")
    assert graph.weights.tolist() == [[0, 2, 0], [2, 0, 0.5], [0, 0.5, 0]]


def test_edges_without_weights_and_nodes_without_edges(tmp_path):
    graph = read(tmp_path, "3,1\n2\n1,1\n", directed=True)
    assert graph.names == ("1", "2", "3")
    assert graph.weights.tolist() == [[1, 0, 0], [0, 0, 0], [1, 0, 0]]
    assert graph.directed


def test_names_may_hold_spaces_and_commas(tmp_path):
    assert read(tmp_path, 'Jean Valjean,"Javert, inspector"\n').names == ("Jean Valjean", "Javert, inspector")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no edge"),
        ("# nothing\nsource,target\n", "no edge"),
        ("a,b\na,b,c,d\n", "line 2"),
        ("a,b\n\n,b\n", "line 3"),
        ("a,b,heavy\n", "the weight 'heavy'"),
        ("a,b,1\nb,c,1,5\n", "line 2"),
        (b"a,b\xff\n", "UTF-8"),
    ],
)
def test_faulty_files_are_told_with_the_line(tmp_path, text, told):
    with pytest.raises(FileFormatError, match=told) as caught:
        read(tmp_path, text)
    assert "graph.csv" in caught.value.faults[0].where


def test_edges_that_make_no_graph_are_told_with_the_file(tmp_path):
    for text in ("a,b,nan\n", "a,b,1\nb,a,2\n"):
        with pytest.raises(GraphError, match=r"graph\.csv"):
            read(tmp_path, text)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(FileFormatError, match="no such file"):
        read_edges(tmp_path / "none.csv")
    with pytest.raises(FileFormatError, match="readable"):
        read_edges(tmp_path)


@pytest.mark.parametrize("header", ["a,b,w", "source,target", "from,to,weight", "x,y,edge_weight"])
def test_headers_are_seen(tmp_path, header):
    path = tmp_path / "graph.csv"
    rest = "1,2,0.5" if header.count(",") == 2 else "1,2"
    path.write_text(f"{header}\n{rest}\n")
    assert len(read_edges(path).adjacency) == 2


@pytest.mark.parametrize("weight", ["nan", "inf", "0.5x"])
def test_a_weight_that_is_no_number_is_no_header(tmp_path, weight):
    path = tmp_path / "graph.csv"
    path.write_text(f"1,2,{weight}\n2,3,1\n")
    with pytest.raises(MechgapError):
        read_edges(path)
