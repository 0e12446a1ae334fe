"""Runs on inputs that a user names."""

from __future__ import annotations

import pytest

from mechgap.errors import GraphError
from mechgap.lab.inspection import Choice, answers, changes, choose, differences, run_compiled
from mechgap.semantics.interpreter import interpret
from mechgap.tasks.catalogue import load


def shown(task, choice):
    subject = choose(task, choice)
    trace = interpret(task.program, subject.batch)
    return subject, trace, list(changes(task, trace, subject.names))


def test_changes_are_told_by_value(tmp_path):
    (tmp_path / "g.tsv").write_text("a\tb\nb\tc\nb\td\n")
    task = load("bfs")
    subject, trace, found = shown(task, Choice(str(tmp_path / "g.tsv"), "a"))
    told = [(c.frame, c.variable, c.value, c.nodes) for c in found]
    assert (0, "reach_h", "no", ("b", "c", "d")) in told
    assert (1, "pi_h", "a", ("b",)) in told
    assert (2, "pi_h", "b", ("c", "d")) in told
    ends = {(a.value, a.nodes) for a in answers(task, trace, subject.names)}
    assert ends == {("itself", ("a",)), ("a", ("b",)), ("b", ("c", "d"))}


def test_categories_times_and_the_graph_are_told_in_words():
    _, _, found = shown(load("dfs"), Choice(n=4))
    values = {c.variable: c.value for c in found}
    assert values["color"] == "black"
    assert values["time"] == "0.08"
    assert any(c.nodes == () for c in found if c.variable == "time")


def test_sources_have_names_or_numbers():
    task = load("bfs")
    by_name = choose(task, Choice("les_miserables", "Valjean"))
    by_number = choose(task, Choice("les_miserables", str(by_name.names.index("Valjean"))))
    assert by_name.words == by_number.words
    with pytest.raises(GraphError, match="no node"):
        choose(task, Choice("karate", "34"))
    with pytest.raises(GraphError, match="no source"):
        choose(load("dfs"), Choice("karate", "1"))


@pytest.mark.parametrize("graph", ["karate", "les_miserables", "florentine", "davis"])
@pytest.mark.parametrize("name", ["bfs", "bellman_ford", "dfs"])
def test_compiled_networks_agree_on_real_graphs(graph, name):
    task = load(name)
    subject, trace, _ = shown(task, Choice(graph))
    found, certificate = run_compiled(task, subject.batch)
    assert subject.batch.width <= certificate.n
    assert sum(c.mismatches for c in differences(task, found, trace)) == 0
