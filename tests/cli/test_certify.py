"""`mechgap certify` prints what is promised, in every format of numbers."""

from __future__ import annotations


def test_the_certificate_and_the_formats(mechgap):
    done = mechgap("certify", "bfs")
    assert done.code == 0
    for told in ("65,536 nodes", "float64", "2^10 = 1024", "bfloat16", "as it is for n up to 16", "of 2^24"):
        assert told in done.out, told


def test_as_json(mechgap):
    data = mechgap("certify", "bellman_ford", "--n", 64, "--json").data
    assert data["certificate"]["n"] == 64
    formats = {entry["format"]: entry for entry in data["formats"]}
    assert formats["float32"]["exact"] is True
    assert formats["float64"]["findings"][0]["what"] == "logit of an index"
    assert {f["what"] for f in formats["bfloat16"]["findings"]} >= {"real keys"}
    promised = mechgap("certify", "bellman_ford", "--n", 64, "--distinct-keys", "--json").data
    formats = {entry["format"]: entry for entry in promised["formats"]}
    assert "real keys" not in {f["what"] for f in formats["bfloat16"]["findings"]}


def test_refusals_are_told(mechgap):
    done = mechgap("certify", "optimal_bst")
    assert done.code == 1
    assert "do:" in done.err
    assert mechgap("certify", "bfs", "--n", 1).code == 1


def test_angles_are_told_with_their_error_and_what_they_decide(mechgap):
    done = mechgap("certify", "graham_scan", "--n", 16)
    assert done.code == 0
    words = " ".join(done.out.split())
    assert "arctan2(" in words and "7.2e-07" in words and "1.4e-06" in words
    data = mechgap("certify", "graham_scan", "--n", 16, "--json").data["certificate"]
    (angle,) = data["approximations"]
    assert angle["decision_margin"] == 2 * angle["error"] == 2 * data["errors"]["atans"]


def test_a_users_program(mechgap, own):
    assert "nodes" in mechgap("certify", own).out
