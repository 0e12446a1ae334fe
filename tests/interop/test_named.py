"""Well-known graphs by name."""

from __future__ import annotations

import pytest

from mechgap.errors import NotFoundError
from mechgap.interop.named import NAMED, named_graph


@pytest.mark.parametrize("name", NAMED)
def test_every_name_is_a_graph(name):
    graph = named_graph(name)
    assert graph.size > 10
    assert not graph.directed


def test_unknown_names_are_told():
    with pytest.raises(NotFoundError, match="karate"):
        named_graph("judo")
