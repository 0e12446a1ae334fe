"""Checks at every call the shapes of tensors that the sources of a package declare.

``install("mechgap")`` makes the package's modules load with a check around every function, and around
every dataclass, whose annotations speak of shapes (``Float[Tensor, "B N H"]``, or an alias from
``mechgap.arrays``). Axes with the same letter must agree within one call. Annotations are evaluated at
the first call, so names that are imported under ``if TYPE_CHECKING:`` are fine. Other annotations are
mypy's business and cost nothing here.
"""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import sys
from collections.abc import Callable, Iterator
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import CodeType, FunctionType
from typing import Any

import jaxtyping
from beartype import beartype

ALIASES = "arrays"


def install(package: str) -> None:
    """Check the shapes of a package from now on; its modules must not be loaded yet."""
    loaded = [name for name in sys.modules if name == package or name.startswith(f"{package}.")]
    if loaded:
        raise RuntimeError(f"{loaded} were imported before their shapes could be checked")
    sys.meta_path.insert(0, _Finder(package))


def checked(function: Any) -> Any:
    """The function (or dataclass) with a check of its shapes around it."""
    if isinstance(function, type):
        function.__init__ = checked(function.__init__)  # type: ignore[misc]
        return function
    guarded: list[Callable[..., Any]] = []

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        __tracebackhide__ = True
        if not guarded:
            function.__annotations__ = resolved(function)
            guarded.append(jaxtyping.jaxtyped(function, typechecker=beartype))
        return guarded[0](*args, **kwargs)

    return call


def resolved(function: FunctionType) -> dict[str, Any]:
    """The annotations of a function that speak of shapes, evaluated."""
    module = function.__globals__
    names = _shape_names(ast.parse(inspect.getsource(sys.modules[module["__name__"]])))
    namespace = {**deferred(module["__name__"]), **module}
    return {
        key: eval(text, namespace) if isinstance(text, str) else text
        for key, text in function.__annotations__.items()
        if not isinstance(text, str) or _mentions(ast.parse(text, mode="eval"), names)
    }


@functools.cache
def deferred(name: str) -> dict[str, Any]:
    """What a module would know if its ``if TYPE_CHECKING:`` blocks had run."""
    module = importlib.import_module(name)
    found: dict[str, Any] = {}
    for statement in _type_checking_blocks(ast.parse(inspect.getsource(module))):
        if isinstance(statement, ast.ImportFrom):
            target = importlib.util.resolve_name(
                "." * statement.level + (statement.module or ""), module.__package__
            )
            for alias in statement.names:
                found[alias.asname or alias.name] = _member(target, alias.name)
        else:
            exec(compile(ast.Module([statement], []), name, "exec"), {**vars(module), **found}, found)
    return found


def _member(module: str, name: str) -> Any:
    try:
        return getattr(importlib.import_module(module), name)
    except AttributeError:
        return deferred(module)[name]


def _type_checking_blocks(tree: ast.Module) -> Iterator[ast.stmt]:
    for statement in tree.body:
        if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.unparse(statement.test):
            yield from statement.body


class _Finder(MetaPathFinder):
    def __init__(self, package: str) -> None:
        self._package = package

    def find_spec(self, name: str, path: Any, target: Any = None) -> ModuleSpec | None:
        if name != self._package and not name.startswith(f"{self._package}."):
            return None
        spec = PathFinder.find_spec(name, path, target)
        if spec is not None and isinstance(spec.loader, SourceFileLoader):
            spec.loader = _Loader(spec.loader.name, spec.loader.path)
        return spec


class _Loader(SourceFileLoader):
    """Loads a module from its source with the checks put in."""

    def get_code(self, fullname: str) -> CodeType:
        return compile(instrumented(self.get_data(self.path).decode()), self.path, "exec", dont_inherit=True)


def instrumented(source: str) -> ast.Module:
    """The module with ``checked`` as a decorator wherever shapes are declared."""
    tree = ast.parse(source)
    names = _shape_names(tree)
    for node in ast.walk(tree):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            arguments = (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs)
            hints = [a.annotation for a in arguments] + [node.returns]
            position = len(node.decorator_list)
        elif isinstance(node, ast.ClassDef) and "dataclass" in "".join(map(ast.unparse, node.decorator_list)):
            hints = [part.annotation for part in node.body if isinstance(part, ast.AnnAssign)]
            position = 0
        else:
            continue
        if any(hint is not None and _mentions(hint, names) for hint in hints):
            decorator = ast.parse("__import__('shapes').checked", mode="eval").body
            for part in ast.walk(decorator):
                ast.copy_location(part, node)
            node.decorator_list.insert(position, decorator)
    return tree


def _shape_names(tree: ast.Module) -> frozenset[str]:
    """The names that stand for tensors with a shape in a module."""
    imported = {
        alias.asname or alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if node.module is not None and node.module.rsplit(".", 1)[-1] in (ALIASES, "jaxtyping")
    }
    return frozenset(imported)


def _mentions(annotation: ast.AST, names: frozenset[str]) -> bool:
    return any(isinstance(node, ast.Name) and node.id in names for node in ast.walk(annotation))
