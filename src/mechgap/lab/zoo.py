"""The zoo: compiled networks with their traces, layouts and certificates, as ground truth for other tools."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .. import __version__
from ..errors import FileFormatError, MechgapError, Refusal
from ..tasks.task import Task
from .manifest import digest
from .specimens import PLAIN, LeftOut, Specimen, specimens
from .store import finite, read_json, write_json, write_text
from .verification import Watch
from .zoo_card import card

if TYPE_CHECKING:
    from ..compiler.passes import Compiled

FORMAT = "mechgap.zoo/1"
INDEX, ENTRY, CARD = "index.json", "entry.json", "README.md"
EXAMPLE_N, EXAMPLE_COUNT = 8, 4
"""Nodes and number of the graphs of the example trace."""

Entry = dict[str, Any]


@dataclass(frozen=True)
class Zoo:
    """What a zoo holds after it was built.

    Attributes:
        folder: where it is.
        entries: what each folder of it holds.
        refused: programs that a target refuses, with the reason.
        reused: how many entries were there already.
    """

    folder: Path
    entries: tuple[Entry, ...]
    refused: tuple[Entry, ...]
    reused: int

    def to_json(self) -> dict[str, Any]:
        """What the zoo holds, as plain data."""
        return {
            "folder": str(self.folder),
            "entries": list(self.entries),
            "refused": list(self.refused),
            "reused": self.reused,
        }


def build_zoo(
    folder: Path, tasks: Sequence[Task], targets: Sequence[str], seed: int = 0, watch: Watch | None = None
) -> Zoo:
    """Write a folder for every task and target that compiles; what is there and valid is kept.

    A file appears as a whole or not at all, and an entry counts only once all of its files are there, as
    its ``entry.json``, which is written last, says. So a zoo may be interrupted at any time and gone on
    with. ``index.json`` lists all entries of the folder, of this call and of former ones.

    Args:
        folder: of the zoo.
        tasks: what is compiled.
        targets: families of networks.
        seed: of variants, examples and noise.
        watch: told about progress.

    Raises:
        FileFormatError: if the folder holds something else, a zoo of another seed, or cannot be written.
        NotFoundError: if there is no such target.
        MechgapError: if a variant that must be exact is not.
    """
    _check_folder(folder, seed)
    _check_targets(targets)
    made, refused, reused = [], [], 0
    jobs = [(task, target) for target in targets for task in tasks]
    for number, (task, target) in enumerate(jobs):
        if watch:
            watch(number, len(jobs), f"{task.name}, {target}")
        about = {"task": task.name, "target": target, "program": task.program.digest, "seed": seed}
        place = folder / target / task.name
        found = _valid(place, about)
        if found is not None:
            made.append(found)
            reused += 1
            continue
        try:
            made.append(_build(place, task, about))
        except Refusal as refusal:
            fault = refusal.faults[0]
            refused.append({**about, "given": fault.given, "expected": fault.expected})
        except OSError as error:
            raise FileFormatError(
                str(place), str(error), "a place that can be written to, with room", "choose another folder"
            ) from error
        _write_index(folder, seed, made, refused)
    _write_index(folder, seed, made, refused)
    return Zoo(folder, tuple(made), tuple(refused), reused)


def _build(place: Path, task: Task, about: Entry) -> Entry:
    """Write the files of an entry; the last one says that it is whole."""
    from ..compiler.passes import CompileSettings, compile_program

    compiled = compile_program(task.program, CompileSettings(target=about["target"]))
    (place / ENTRY).unlink(missing_ok=True)
    found, left_out = [], []
    for specimen in specimens(task, compiled, about["seed"]):
        if isinstance(specimen, LeftOut):
            left_out.append({"name": specimen.name, "reason": specimen.reason})
            continue
        _write_network(place, compiled, specimen)
        found.append(specimen)
    write_json(place / "certificate.json", compiled.certificate.to_json())
    example = _write_example(place, task, compiled, about["seed"])
    entry = {
        **about,
        "format": FORMAT,
        "mechgap": __version__,
        "n": compiled.certificate.n,
        "networks": [specimen.to_json() for specimen in found],
        "left out": left_out,
        "example": example,
    }
    write_text(place / CARD, card(task.program, entry, compiled.certificate.to_json()))
    files = sorted(path for path in place.iterdir() if path.name != ENTRY and not path.name.startswith("."))
    entry["files"] = {path.name: {"bytes": path.stat().st_size, "sha256": digest(path)} for path in files}
    write_json(place / ENTRY, entry)
    whole: Entry = read_json(place / ENTRY)
    return whole


def _write_network(place: Path, compiled: Compiled, specimen: Specimen) -> None:
    import json

    from ..interop.compiled import save_compiled, save_variant

    plain = specimen.name == PLAIN
    place.mkdir(parents=True, exist_ok=True)
    path = place / f"{specimen.name}.safetensors"
    if plain:
        save_compiled(compiled, path)
    else:
        notes = {"variant": json.dumps(finite(specimen.to_json()), sort_keys=True)}
        parts = (specimen.network, specimen.layout, specimen.certificate)
        save_variant(path, compiled.program, *parts, notes)
    name = "layout.json" if plain else f"{specimen.name}.layout.json"
    write_json(place / name, specimen.layout.to_json())


def _write_example(place: Path, task: Task, compiled: Compiled, seed: int) -> Entry:
    """Write a run of the interpreter, and the hidden vectors and attention of the network's equal run."""
    from ..interop.golden import write_trace
    from ..nets.rollout import RolloutOptions, rollout
    from ..nets.storage import write_tensors
    from ..semantics.interpreter import interpret
    from .parity import compare

    batch = task.sample(seed, min(EXAMPLE_N, compiled.certificate.n), EXAMPLE_COUNT)
    exact = interpret(task.program, batch)
    trace = rollout(compiled.network, batch, RolloutOptions(hidden=True, attention=True))
    errors = compiled.certificate.errors
    mismatches = sum(found.mismatches for found in compare(task.program, trace, exact, 0.0, errors))
    if mismatches:
        raise MechgapError(
            f"the example of {task.name}",
            f"{mismatches} values that are not the interpreter's",
            "none: compiled networks are exact",
            "this is a fault of mechgap: please report it",
        )
    assert trace.hidden is not None
    write_trace(place / "trace.npz", exact, task.program)
    rounds = {f"attention.{k}": value for k, value in enumerate(trace.attention)}
    about = {"of": f"{PLAIN}.safetensors", "run": "trace.npz"}
    write_tensors(place / "hidden.safetensors", {"hidden": trace.hidden, **rounds}, about)
    return {"graphs": len(batch), "nodes": batch.width, "frames": exact.frames, "mismatches": 0}


def _valid(place: Path, about: Entry) -> Entry | None:
    """The entry of a folder, if it was made from the same and all of its files are as it says."""
    if not (place / ENTRY).is_file():
        return None
    entry: Entry = read_json(place / ENTRY)
    wanted = {**about, "format": FORMAT, "mechgap": __version__}
    if any(entry.get(key) != value for key, value in wanted.items()):
        return None
    for name, file in entry["files"].items():
        path = place / name
        if not path.is_file() or path.stat().st_size != file["bytes"] or digest(path) != file["sha256"]:
            return None
    return entry


def _check_folder(folder: Path, seed: int) -> None:
    if not (folder / INDEX).exists():
        return
    found = read_json(folder / INDEX)
    if not isinstance(found, dict) or found.get("format") != FORMAT or found.get("seed") != seed:
        given = found.get("seed") if isinstance(found, dict) and found.get("format") == FORMAT else None
        raise FileFormatError(
            str(folder / INDEX),
            "no index of a zoo" if given is None else f"a zoo of the seed {given}",
            f"a folder without one, or a zoo of the seed {seed}",
            "choose another folder, or the seed of this zoo",
        )


def _check_targets(targets: Sequence[str]) -> None:
    from ..compiler.targets.catalogue import target_of

    for target in targets:
        target_of(target)


def _write_index(folder: Path, seed: int, made: Sequence[Entry], refused: Sequence[Entry]) -> None:
    """List what the folder holds: entries of this call, and those of former calls that are still there."""
    known = {(entry["target"], entry["task"]): entry for entry in (*_former(folder), *made)}
    entries = [
        {"folder": f"{target}/{task}", **{key: entry[key] for key in ("task", "target", "n", "program")}}
        | {"networks": entry["networks"], "left out": entry["left out"]}
        for (target, task), entry in sorted(known.items())
    ]
    about = {"format": FORMAT, "mechgap": __version__, "seed": seed}
    write_json(folder / INDEX, {**about, "entries": entries, "refused": list(refused)})


def _former(folder: Path) -> Iterator[Entry]:
    for path in sorted(folder.glob(f"*/*/{ENTRY}")):
        entry = read_json(path)
        if entry.get("format") == FORMAT:
            yield entry
