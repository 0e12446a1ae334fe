"""The check of shapes can fail, and no declared shape escapes it."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from pathlib import Path

import pytest
from jaxtyping import TypeCheckError

import mechgap
import shapes

LIBRARY = '''
"""A library whose shapes are checked."""
from __future__ import annotations
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self
if TYPE_CHECKING:
    from jaxtyping import Bool, Float
    from torch import Tensor

def product(left: Float[Tensor, "A B"], right: Float[Tensor, "B C"]) -> Float[Tensor, "A C"]:
    """A product."""
    return left @ right

def wrong(left: Float[Tensor, "A B"]) -> Float[Tensor, "B A"]:
    """Returns another shape than it says."""
    return left

def unshaped(left: Nowhere) -> None:
    """Has nothing to check."""

@dataclass(frozen=True)
class Pair:
    """A record."""
    nodes: Bool[Tensor, "B N"]
    pairs: Bool[Tensor, "B N N"]

    @property
    def flat(self) -> Bool[Tensor, "N"]:
        """Not flat."""
        return self.nodes
'''


@pytest.fixture
def library(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "shaped_library.py").write_text(LIBRARY)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(sys, "meta_path", sys.meta_path[:])
    shapes.install("shaped_library")
    yield importlib.import_module("shaped_library")
    del sys.modules["shaped_library"]
    shapes.deferred.cache_clear()


def test_fitting_shapes_pass(library):
    import torch

    assert library.product(torch.ones(2, 3), torch.ones(3, 4)).shape == (2, 4)
    assert library.Pair(torch.ones(2, 3).bool(), torch.ones(2, 3, 3).bool()).nodes.all()
    library.unshaped(None)


def test_wrong_shapes_are_caught(library):
    import torch

    calls = [
        lambda: library.product(torch.ones(2, 3), torch.ones(4, 4)),
        lambda: library.product(torch.ones(2, 3).int(), torch.ones(3, 4)),
        lambda: library.product(torch.ones(3), torch.ones(3, 4)),
        lambda: library.wrong(torch.ones(2, 3)),
        lambda: library.Pair(torch.ones(2, 3).bool(), torch.ones(2, 3, 4).bool()),
        lambda: library.Pair(torch.ones(2, 3).bool(), torch.ones(2, 3, 3).bool()).flat,
    ]
    for call in calls:
        with pytest.raises(TypeCheckError):
            call()


def test_install_refuses_a_loaded_package():
    with pytest.raises(RuntimeError, match="before"):
        shapes.install("mechgap")


def test_every_declared_shape_can_be_checked():
    """An annotation with a shape that cannot be evaluated would fail at its first call: find it now."""
    for info in pkgutil.walk_packages(mechgap.__path__, "mechgap."):
        spec = importlib.util.find_spec(info.name)
        tree = shapes.instrumented(Path(spec.origin).read_text())
        if "__import__('shapes').checked" not in ast.unparse(tree):
            continue
        module = importlib.import_module(info.name)
        for function in _functions(module):
            shapes.resolved(function)


def _functions(module):
    for value in vars(module).values():
        if getattr(value, "__module__", None) != module.__name__:
            continue
        if inspect.isfunction(value):
            yield inspect.unwrap(value)
        elif inspect.isclass(value):
            for member in vars(value).values():
                member = member.fget if isinstance(member, property) else member
                if inspect.isfunction(member) and member.__globals__.get("__name__") == module.__name__:
                    yield inspect.unwrap(member)


def test_the_package_works_without_the_checks():
    done = subprocess.run(
        [sys.executable, "-c", "import mechgap; mechgap.Program"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
