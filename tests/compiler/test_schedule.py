"""What passes leave behind obeys laws, and the checkers notice when it does not."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from compiler.cases import REFUSED, TASKS
from mechgap.compiler.checks import (
    CompilerFault,
    check_layout,
    check_lowered,
    check_network,
    check_schedule,
)
from mechgap.compiler.dialect import DOT_PRODUCTS, HIDDEN_LAYER, Dialect
from mechgap.compiler.ir import Atom, Carried, Feature, Fetched, FetchedEdge, Form, Unit
from mechgap.compiler.layout import RoundPlan, place
from mechgap.compiler.lowering import lower
from mechgap.compiler.pair_ir import Followed, PairUnit
from mechgap.compiler.passes import compile_program
from mechgap.compiler.schedule import Schedule, fetch_reads, parts_first, schedule
from mechgap.compiler.slots import Lowered
from mechgap.errors import Refusal
from mechgap.lang.program import Program
from strategies import Grammar, programs

PROGRAMS = {name: task.program for name, task in TASKS.items() if name not in REFUSED}
by_program = pytest.mark.parametrize("name", PROGRAMS)
N = 32


@cache
def _lowered(name: str) -> Lowered:
    return lower(PROGRAMS[name], N, True, HIDDEN_LAYER)[0]


def _schedules(lowered: Lowered) -> tuple[Schedule, Schedule]:
    return schedule(lowered.slots, lowered.start), schedule(lowered.slots, lowered.step)


def _check_laws(lowered: Lowered) -> None:
    """Every slot is written once, every unit is computed once, every fetch is made in its round."""
    check_lowered(lowered)
    for made, targets in zip(_schedules(lowered), (lowered.start, lowered.step), strict=True):
        check_schedule(made)
        assert len(made.fetches) == len(made.layers) >= 1
        paired = [slot.name for slot in lowered.slots if slot.paired]
        written = [slot.name for slot in lowered.slots if not slot.paired]
        exits = (*made.layers[-1][-1][: len(written)], *(made.pairs[-1][-1] if paired else ()))
        assert [atom.origin for atom in exits] == [*written, *paired]
        assert len(set(exits)) == len(lowered.slots)
        needed = parts_first(exits)
        made_of = set(parts_first([a for f in targets.values() for a in f.atoms]))
        assert not {atom.origin for atom in set(needed) - set(exits) - made_of}
        _check_units([set(atoms) for round in made.layers for atoms in round], needed, Unit)
        _check_units([set(atoms) for round in made.pairs for atoms in round], needed, PairUnit)
        _check_fetches(made, needed)


def _check_units(layers: list[set[Atom]], needed: tuple[Atom, ...], family: type[Atom]) -> None:
    for atom in needed:
        if isinstance(atom, family):
            held = [k for k, layer in enumerate(layers) if atom in layer]
            assert held == list(range(held[0], held[-1] + 1)), f"{atom.origin} is computed again"
    useless = set().union(*layers) - set(needed)
    assert not {atom.origin for atom in useless}, "something is computed that nobody needs"


def _check_fetches(made: Schedule, needed: tuple[Atom, ...]) -> None:
    fetches = {atom.fetch for atom in needed if isinstance(atom, (Fetched, FetchedEdge, Followed))}
    heads = [fetch for round in made.fetches for fetch in round]
    assert len(heads) == len(set(heads))
    assert set(heads) == fetches
    for round, chosen in enumerate(made.fetches):
        assert all(fetch.level == round for fetch in chosen)


@by_program
def test_schedules_obey_the_laws(name):
    _check_laws(_lowered(name))


@settings(max_examples=60)
@given(programs(Grammar(depth=2, variables=3, positions=True)), st.sampled_from([HIDDEN_LAYER, DOT_PRODUCTS]))
def test_schedules_of_random_programs_obey_the_laws(program: Program, dialect: Dialect):
    try:
        lowered = lower(program, 8, True, dialect)[0]
    except Refusal:
        assume(False)
    _check_laws(lowered)


@by_program
def test_all_rounds_are_needed_one_after_the_other(name):
    """A step attends in every round, but for the first one where all that it attends by is computed."""
    _, *rounds = _schedules(_lowered(name))[1].fetches
    assert all(rounds)


@by_program
def test_atoms_have_bounds_and_what_may_be_negative_is_split_at_once(name):
    lowered = _lowered(name)
    for form in (*lowered.start.values(), *lowered.step.values()):
        for atom in parts_first(form.atoms):
            assert 0 <= atom.high < float("inf")
            if isinstance(atom, Unit) and atom.form.single is not None:
                assert atom.form.single.low < 0
            if not isinstance(atom, Unit):
                continue
            for source in atom.form.atoms:
                assert source.low >= 0 or len(atom.form.terms) == 1


# ---- faults


@pytest.fixture
def bellman() -> Lowered:
    return _lowered("bellman_ford")


def _spoilt(lowered: Lowered, part: str, slot: str, form: Form | None) -> Lowered:
    forms = dict(getattr(lowered, part))
    if form is None:
        del forms[slot]
    else:
        forms[slot] = form
    return replace(lowered, **{part: forms})


@pytest.mark.parametrize("part", ["start", "step"])
def test_a_slot_that_is_not_filled_is_noticed(bellman, part):
    with pytest.raises(CompilerFault, match="slot d is not filled"):
        check_lowered(_spoilt(bellman, part, "d", None))


def test_two_slots_of_one_name_are_noticed(bellman):
    with pytest.raises(CompilerFault, match="slots of one name"):
        check_lowered(replace(bellman, slots=(*bellman.slots, bellman.slots[0])))


def test_a_start_that_reads_the_state_is_noticed(bellman):
    carried = Form.of(Carried(1.0, True, "msk", "msk"))
    with pytest.raises(CompilerFault, match="slot msk starts from the state"):
        check_lowered(_spoilt(bellman, "start", "msk", carried))
    inside = Form.of(Unit(1.0, True, "inside", carried.plus(1.0)))
    with pytest.raises(CompilerFault, match="starts from the state"):
        check_lowered(_spoilt(bellman, "start", "msk", inside))


def test_a_fraction_in_a_slot_of_whole_numbers_is_noticed(bellman):
    half = Form((), 0.5)
    with pytest.raises(CompilerFault, match="slot pi_h gets numbers that are not whole"):
        check_lowered(_spoilt(bellman, "step", "pi_h", half))
    check_lowered(_spoilt(bellman, "step", "d", half))


def _without(made: Schedule, atom: Atom) -> Schedule:
    layers = tuple(
        tuple(tuple(a for a in atoms if a is not atom) for atoms in round) for round in made.layers
    )
    return replace(made, layers=layers)


def _units(made: Schedule, *, copied: bool) -> list[Unit]:
    """The units that are read; or those that are only copied by a fetch."""
    atoms = parts_first(made.layers[-1][-1])
    read = {a for unit in atoms if isinstance(unit, Unit) for a in unit.form.atoms}
    read |= {a for heads in made.fetches for fetch in heads for a in fetch_reads(fetch)}
    sources = {atom.source for atom in atoms if isinstance(atom, Fetched)}
    wanted = sources - read if copied else read
    return [atom for atom in atoms if isinstance(atom, Unit) and atom in wanted]


@pytest.mark.parametrize("name", ["bellman_ford", "dfs", "example double_steps", "components"])
def test_a_unit_that_is_not_computed_is_noticed(name):
    made = _schedules(_lowered(name))[1]
    units = _units(made, copied=False)
    assert units
    for unit in units:
        with pytest.raises(CompilerFault):
            check_schedule(_without(made, unit))


def test_a_unit_that_is_copied_but_not_computed_is_noticed():
    made = _schedules(_lowered("dfs"))[1]
    units = _units(made, copied=True)
    assert units
    for unit in units:
        with pytest.raises(CompilerFault):
            check_schedule(_without(made, unit))


def test_a_fetch_in_a_round_too_early_is_noticed(bellman):
    made = _schedules(bellman)[1]
    late = next(r for r, heads in enumerate(made.fetches) if r and any(map(fetch_reads, heads)))
    heads = list(made.fetches)
    heads[0], heads[late] = (*heads[0], *heads[late]), ()
    with pytest.raises(CompilerFault, match=r"too early|before it is there"):
        check_schedule(replace(made, fetches=tuple(heads)))


def test_a_fetch_that_is_forgotten_is_noticed(bellman):
    made = _schedules(bellman)[1]
    for round in range(len(made.fetches)):
        heads = tuple(() if r == round else h for r, h in enumerate(made.fetches))
        with pytest.raises(CompilerFault, match="before it is there"):
            check_schedule(replace(made, fetches=heads))


def test_a_carried_slot_is_gone_after_the_first_round():
    slot, feature = Carried(1.0, True, "x", "x"), Feature(1.0, True, "s", "s", 0)
    keep = Unit(1.0, True, "keep", Form.of(feature).plus(1.0))
    use = Unit(1.0, True, "use", Form.of(slot).plus(1.0))
    check_schedule(Schedule(((), ()), (((keep,),), ((keep,),)), ((), ())))
    with pytest.raises(CompilerFault, match="use reads x before it is there"):
        check_schedule(Schedule(((), ()), (((keep,),), ((use,),)), ((), ())))
    check_schedule(Schedule(((), ()), (((slot,),), ((use,),)), ((), ())))


@pytest.mark.parametrize("name", ["floyd_warshall", "mst_kruskal", "bridges", "lcs_length"])
def test_units_of_pairs_that_are_not_computed_are_noticed(name):
    made = _schedules(_lowered(name))[1]
    layers = [(r, k) for r, paired in enumerate(made.pairs) for k in range(len(paired))]
    for round, layer in layers[:-1]:
        without = [list(paired) for paired in made.pairs]
        without[round][layer] = ()
        with pytest.raises(CompilerFault, match=r"before it is there|too early"):
            check_schedule(replace(made, pairs=tuple(map(tuple, without))))


@by_program
def test_layouts_obey_the_laws(name):
    schedules = _schedules(_lowered(name))
    hidden, pairs, plans = place(schedules)
    slots = [slot for slot in _lowered(name).slots if not slot.paired]
    for made, plan in zip(schedules, plans, strict=True):
        check_layout(plan, hidden, pairs)
        for layers, paired, round in zip(made.layers, made.pairs, plan, strict=True):
            assert [set(a) for a in layers] == [set(a) for a in (round.update, *round.layers)]
            assert [set(a) for a in paired] == [set(a) for a in round.pairs]
        assert list(plan[-1].last.values())[: len(slots)] == list(range(len(slots)))
        _check_heads_write_to_their_own_part(plan)


def _check_heads_write_to_their_own_part(plan: tuple[RoundPlan, ...]) -> None:
    for round in plan:
        for atom, dimension in round.update.items():
            for source in atom.form.atoms if isinstance(atom, Unit) else (atom,):
                if isinstance(source, (Fetched, FetchedEdge)) and source.fetch in round.fetches:
                    assert dimension // round.part == round.fetches.index(source.fetch)


def test_dimensions_that_are_shared_or_outside_are_noticed(bellman):
    hidden, _, (_, plan) = place(_schedules(bellman))
    atoms = list(plan[0].update)
    for spoilt, fault in (
        ({**plan[0].update, atoms[0]: plan[0].update[atoms[1]]}, "share a dimension"),
        ({**plan[0].update, atoms[0]: 10_000}, "outside of its layer"),
        ({**plan[0].update, atoms[0]: -1}, "outside of its layer"),
    ):
        with pytest.raises(CompilerFault, match=fault):
            check_layout((replace(plan[0], update=spoilt), *plan[1:]), hidden, 0)
    with pytest.raises(CompilerFault, match="a round ends at width"):
        check_layout(plan, hidden + 1, 0)


@pytest.mark.parametrize("bad", [float("nan"), float("inf")])
def test_weights_that_are_no_numbers_are_noticed(bad):
    network = compile_program(PROGRAMS["example double_steps"]).network
    check_network(network)
    with torch.no_grad():
        network.rounds[0].skip.weight[0, 0] = bad
    with pytest.raises(CompilerFault, match=r"rounds\.0\.skip\.weight is not finite"):
        check_network(network)
