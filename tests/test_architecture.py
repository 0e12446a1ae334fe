"""The house rules, checked on the sources: sizes, names, docstrings, what may be imported when."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent / "src" / "mechgap"
FILES = sorted(ROOT.rglob("*.py"))
LONGEST_FILE = 400
LONGEST_FUNCTION = 60
MOST_PARAMETERS = 6

# The constructor of a program is its record: name, the five parts of its definition, limit and text.
MANY_PARAMETERS = {"lang/program.py: Program.__init__"}
# Commands of the CLI have one parameter for each option: typer reads options off the signature.
COMMANDS = "cli/"

FORBIDDEN_NAMES = {"util", "utils", "common", "helper", "helpers", "misc", "base", "core", "tools"}
FORBIDDEN_CALLS = {"torch.load", "pickle.load", "pickle.loads", "eval", "exec", "os.system"}
FORBIDDEN_IMPORTS = {"pickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
KINDS = {"Scalar", "Mask", "MaskOne", "Pointer", "Categorical"}
# What says what each kind means: the kinds themselves, in types, and in the weights of a target.
KNOWS_KINDS = ("kinds/", "lang/", "compiler/")
HEAVY = ("torch", "numpy", "scipy", "matplotlib", "networkx", "sklearn", "jinja2", "rich")

by_file = pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(ROOT)))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text())


def functions(node: ast.AST, prefix: str = "") -> Iterator[tuple[str, ast.FunctionDef]]:
    """Every function of a module with its qualified name."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield f"{prefix}{child.name}", child
            yield from functions(child, f"{prefix}{child.name}.")
        elif isinstance(child, ast.ClassDef):
            yield from functions(child, f"{prefix}{child.name}.")
        else:
            yield from functions(child, prefix)


def classes(path: Path) -> list[ast.ClassDef]:
    return [node for node in ast.walk(tree(path)) if isinstance(node, ast.ClassDef)]


def is_public(name: str) -> bool:
    return not any(part.startswith("_") for part in name.split("."))


def in_folder(path: Path, *folders: str) -> bool:
    return str(path.relative_to(ROOT)).startswith(folders)


@by_file
def test_files_are_short(path):
    assert len(path.read_text().splitlines()) < LONGEST_FILE, "the file is two concepts: split it"


@by_file
def test_functions_are_short(path):
    for name, function in functions(tree(path)):
        assert function.end_lineno is not None
        length = function.end_lineno - function.lineno + 1
        assert length < LONGEST_FUNCTION, f"{name} has {length} lines: split it"


@by_file
def test_functions_take_few_parameters(path):
    for name, function in functions(tree(path)):
        if f"{path.relative_to(ROOT)}: {name}" in MANY_PARAMETERS or in_folder(path, COMMANDS):
            continue
        given = function.args
        names = [a.arg for a in (*given.posonlyargs, *given.args, *given.kwonlyargs)]
        count = len(names) - (names[:1] in (["self"], ["cls"]))
        assert count <= MOST_PARAMETERS, f"{name} takes {count} parameters: make a frozen record of them"


def test_exceptions_to_the_rules_are_still_needed():
    known = {f"{path.relative_to(ROOT)}: {name}" for path in FILES for name, _ in functions(tree(path))}
    assert known >= MANY_PARAMETERS


@by_file
def test_modules_say_in_one_line_what_they_are(path):
    text = ast.get_docstring(tree(path))
    assert text, "a module needs a docstring"
    first = text.splitlines()[0]
    assert first.endswith((".", ":", "?")), f"the first line is no sentence: {first!r}"


@by_file
def test_names_of_modules_mean_something(path):
    parts = path.relative_to(ROOT).with_suffix("").parts
    assert not FORBIDDEN_NAMES & set(parts)
    assert not any(part.endswith(("_utils", "_helpers", "_common")) for part in parts)


@by_file
def test_public_names_are_documented(path):
    missing = [
        name
        for name, function in functions(tree(path))
        if is_public(name) and not ast.get_docstring(function) and not _exempt(path, name, function)
    ]
    missing += [node.name for node in classes(path) if is_public(node.name) and not ast.get_docstring(node)]
    assert not missing, f"{missing} need a docstring of one line"


def _exempt(path: Path, name: str, function: ast.FunctionDef) -> bool:
    """Overrides say what their base says; setters and functions inside functions have no reader."""
    owner, _, method = name.rpartition(".")
    if any(f == owner for f, _ in functions(tree(path))):
        return True
    decorators = [ast.unparse(d) for d in function.decorator_list]
    if any(d.endswith((".setter", "overload", "override")) for d in decorators):
        return True
    return bool(owner) and method in _documented_in_bases(owner.rpartition(".")[2])


@cache
def _documented_in_bases(name: str) -> frozenset[str]:
    """The methods that the bases of a class document (torch's forward is documented by torch)."""
    found: set[str] = set()
    for node in _all_classes().get(name, ()):
        for base in (ast.unparse(b).split("[")[0].rpartition(".")[2] for b in node.bases):
            if base == "Module":
                found.add("forward")
            for parent in _all_classes().get(base, ()):
                methods = [m for m in parent.body if isinstance(m, ast.FunctionDef)]
                found |= {m.name for m in methods if ast.get_docstring(m)}
            found |= _documented_in_bases(base)
    return frozenset(found)


@cache
def _all_classes() -> dict[str, list[ast.ClassDef]]:
    found: dict[str, list[ast.ClassDef]] = {}
    for path in FILES:
        for node in classes(path):
            found.setdefault(node.name, []).append(node)
    return found


@by_file
def test_only_abstract_classes_have_children_in_other_files(path):
    """A class is abstract, or final to other files: what is inherited across files is an interface."""
    errors = {node.name for node in classes(ROOT / "errors.py")}
    own = {node.name for node in classes(path)}
    for node in classes(path):
        for base in (ast.unparse(b).split("[")[0].rpartition(".")[2] for b in node.bases):
            ours = base in _all_classes() and base not in own
            assert not ours or base.startswith("Abstract") or base in errors, (
                f"{node.name} inherits from {base}: name it Abstract{base} or compose"
            )


@by_file
def test_packages_are_no_facades(path):
    """Inside the package, a name is imported from the module that defines it."""
    if path.name != "__init__.py" or path.parent == ROOT:
        return
    assert len(tree(path).body) == 1, "an __init__.py holds its docstring only"


@by_file
def test_modules_hold_no_changing_state(path):
    assert not [node for node in ast.walk(tree(path)) if isinstance(node, ast.Global)]


@by_file
def test_files_are_read_without_running_them(path):
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Call):
            assert ast.unparse(node.func) not in FORBIDDEN_CALLS, ast.unparse(node)
    assert not FORBIDDEN_IMPORTS & {name.split(".")[0] for name in imported(tree(path))}


def imported(module: ast.Module) -> Iterator[str]:
    for node in ast.walk(module):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            yield node.module or ""


@by_file
def test_imports_inside_the_package_are_relative(path):
    assert not [name for name in imported(tree(path)) if name.split(".")[0] == "mechgap"]


@by_file
def test_kinds_answer_for_themselves(path):
    """A ladder over kinds belongs into the kinds: there, a new kind finds everything it must answer."""
    if in_folder(path, *KNOWS_KINDS):
        return
    for name, function in functions(tree(path)):
        asked = {kind for call in ast.walk(function) for kind in _kinds_asked(call)}
        assert len(asked) < 3, f"{name} tells {sorted(asked)} apart: make it a method of the kinds"
    for node in ast.walk(tree(path)):
        if isinstance(node, ast.Compare):
            texts = {c.value for c in ast.walk(node) if isinstance(c, ast.Constant)}
            names = {"scalar", "mask", "mask_one", "pointer", "categorical"} & {
                t for t in texts if _is_text(t)
            }
            assert not names, f"`{ast.unparse(node)}` asks for a kind by its name"


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _kinds_asked(node: ast.AST) -> set[str]:
    if isinstance(node, ast.Call) and ast.unparse(node.func) == "isinstance":
        return KINDS & {n.id for n in ast.walk(node.args[1]) if isinstance(n, ast.Name)}
    if isinstance(node, ast.MatchClass):
        return KINDS & {ast.unparse(node.cls)}
    return set()


def printed(code: str) -> str:
    """What a fresh process prints."""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("mechgap", HEAVY),
        ("mechgap.errors", HEAVY),
        ("mechgap.lang.program, mechgap.lang.vocabulary, mechgap.lang.checker, mechgap.lang.text", HEAVY),
        ("mechgap.kinds.scalar, mechgap.kinds.mask, mechgap.kinds.pointer, mechgap.kinds.categorical", HEAVY),
        ("mechgap.semantics.batch, mechgap.semantics.trace", HEAVY),
        ("mechgap.cli.main", HEAVY[:-1]),
    ],
    ids=["package", "errors", "lang", "kinds", "records", "cli"],
)
def test_what_is_light_stays_light(module, heavy):
    code = f"import sys; import {module}; print(*sorted(set({heavy!r}) & set(sys.modules)))"
    assert printed(code).split() == []


def test_a_program_is_checked_and_printed_without_an_array_library():
    code = """
import sys
from mechgap.lang.vocabulary import edge, node, sender, any_of, anywhere
from mechgap.lang.program import Program
adj, s, seen = edge.mask("adj"), node.mask_one("s"), node.mask("seen")
grown = seen | any_of(sender(seen) & adj)
flood = Program("flood", (adj, s), {seen: s}, {seen: grown}, ~anywhere(grown & ~seen), {"seen": seen})
assert flood.source and flood.digest
print(*sorted({"torch", "numpy"} & set(sys.modules)))
"""
    assert printed(code).split() == []
