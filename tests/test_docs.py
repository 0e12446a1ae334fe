"""The code in the documents runs, and what they say of its text is so."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
LANGUAGE = (ROOT / "docs" / "language.md").read_text()


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, re.M | re.S)


def test_the_language_page_runs_and_prints_what_it_shows(capsys):
    names: dict[str, object] = {}
    for block in blocks(LANGUAGE, "python"):
        exec(block, names)
    printed = capsys.readouterr().out
    for shown in blocks(LANGUAGE, "text"):
        assert shown.partition("  …")[0] in printed


def test_the_language_page_names_every_word():
    import mechgap

    words = mechgap._NAMES["lang.vocabulary"]
    assert [word for word in words if not re.search(rf"\b{word}\b", LANGUAGE)] == []


@pytest.mark.parametrize("page", ["architecture", "language", "dependencies", "glossary"])
def test_links_lead_somewhere(page):
    text = (ROOT / "docs" / f"{page}.md").read_text()
    for target in re.findall(r"\]\(([^)#:]+)\)", text):
        assert (ROOT / "docs" / target).exists(), target


def requirements(*extras: str) -> set[str]:
    """What the package needs to be installed, with some extras."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    optional = project["optional-dependencies"]
    wanted = [*project["dependencies"], *(need for extra in extras for need in optional[extra])]
    return {re.split(r"[<>=]", need)[0].lower() for need in wanted}


def test_every_dependency_is_justified():
    text = (ROOT / "docs" / "dependencies.md").read_text()
    assert [name for name in requirements("clrs", "pyg", "dev", "docs") if name not in text] == []


def test_every_dependency_of_the_tests_is_pinned():
    lines = (ROOT / "constraints.txt").read_text().lower().splitlines()
    pinned = {line.split("==")[0] for line in lines if not line.startswith("#")}
    assert requirements("dev") <= pinned
    assert not [line for line in lines if "+" in line or "/" in line or "@" in line.partition("#")[0]]


def test_the_dependencies_are_what_the_sources_import():
    optional = {"jaxtyping", "beartype", "clrs", "jax", "pyarrow", "torch_geometric"}
    imported = {
        name.split(".")[0]
        for path in (ROOT / "src").rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        for name in _imports(node)
    }
    foreign = {name for name in imported - {"mechgap"} if name not in sys.stdlib_module_names}
    assert foreign - optional == requirements()


def _imports(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    return [node.module or ""] if isinstance(node, ast.ImportFrom) and node.level == 0 else []


def test_the_rooms_are_those_of_the_import_contract():
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]["contracts"]
    rooms = [re.findall(r"\w+", layer) for layer in contracts[0]["layers"]]
    (drawn,) = blocks((ROOT / "docs" / "architecture.md").read_text(), "text")
    assert [re.findall(r"\w+", re.split(r"\s{2,}", line)[0]) for line in drawn.splitlines()] == rooms
