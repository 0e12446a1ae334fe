"""The table of costs in the documents is the compiler's, and the benchmarks run."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "compiler.md").read_text()


def _run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_the_tables_of_costs_are_those_of_the_compiler():
    shown = [
        PAGE.partition(f"<!-- {k} -->\n")[2].partition(f"<!-- /{k} -->")[0] for k in ("costs", "families")
    ]
    assert "".join(shown) == _run("benchmarks.costs"), "run python -m benchmarks.costs --write"


def test_a_benchmark_runs_and_writes_json(tmp_path):
    file = tmp_path / "figures.json"
    printed = _run("benchmarks", "--quick", "--only", "compile", "--json", str(file))
    figures = json.loads(file.read_text())["compile"]
    assert figures["peak_mib"] > 10
    assert {"bfs", "dfs"} <= {row["task"] for row in figures["rows"]}
    assert all(row["seconds"] > 0 for row in figures["rows"])
    assert "bellman_ford" in printed


def test_the_page_on_the_compiler_names_all_fields_and_settings():
    from dataclasses import fields

    from mechgap.compiler.certificate import Certificate
    from mechgap.compiler.passes import CompileSettings

    for field in (*fields(Certificate), *fields(CompileSettings)):
        assert f"`{field.name}`" in PAGE, field.name


def test_links_and_files_of_the_pages_exist():
    for name in ("compiler", "findings"):
        text = (ROOT / "docs" / f"{name}.md").read_text()
        for target in re.findall(r"\]\(([^)#:]+)\)", text):
            assert (ROOT / "docs" / target).exists(), target
    table = PAGE.partition("## The passes")[2].partition("## ")[0]
    rows = [line.split("|")[3] for line in table.splitlines() if "→" in line and line.startswith("|")]
    for file in [name for row in rows[1:] for name in re.findall(r"`([\w/]+)`", row)]:
        assert (ROOT / "src" / "mechgap" / "compiler" / f"{file}.py").exists(), file


def test_the_examples_of_the_page_run():
    blocks = re.findall(r"^```python\n(.*?)^```", PAGE, re.M | re.S)
    assert len(blocks) > 1
    for block in blocks:
        exec(block, {})
