"""Files of compiled programs: the network together with its program, layout and certificate."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from ..compiler.attribution import attribute
from ..compiler.certificate import Certificate
from ..compiler.layout import Layout
from ..compiler.passes import Compiled
from ..compiler.provenance import Provenance
from ..compiler.variables import describe_variables
from ..errors import CheckpointError
from ..lang.program import Program
from ..nets.network import Network
from ..nets.storage import load, save

PARTS = ("program", "source", "digest", "layout", "certificate")


@dataclass(frozen=True)
class CompiledFile:
    """What a file of a compiled program holds.

    Attributes:
        program: name of the program.
        source: its text.
        digest: SHA-256 of the text.
        network: computes it.
        layout: where its variables are in the hidden vectors.
        certificate: for which inputs it is exact.
        provenance: which operation each unit belongs to; None in files without.
    """

    program: str
    source: str
    digest: str
    network: Network
    layout: Layout
    certificate: Certificate
    provenance: Provenance | None = None


def save_compiled(compiled: Compiled, path: Path | str) -> None:
    """Write a compiled program; the file appears as a whole or not at all."""
    origins = attribute(compiled.plan, compiled.network).to_json()
    notes = {"provenance": json.dumps(origins, sort_keys=True)}
    save_variant(path, compiled.program, compiled.network, compiled.layout, compiled.certificate, notes)


def save_variant(
    path: Path | str,
    program: Program,
    network: Network,
    layout: Layout,
    certificate: Certificate,
    notes: Mapping[str, str],
) -> None:
    """Write a network that computes a program, as ``save_compiled`` does.

    Args:
        path: of the file.
        program: what it computes.
        network, layout, certificate: the network, and what is known of it.
        notes: more texts to keep with it.
    """
    extra = {
        "program": program.name,
        "source": program.source,
        "digest": program.digest,
        "layout": json.dumps(layout.to_json(), sort_keys=True),
        "certificate": json.dumps(certificate.to_json(), sort_keys=True),
        "variables": json.dumps(describe_variables(program, layout)),
    }
    save(network, path, {**extra, **notes})


def load_compiled(path: Path | str, program: Program | None = None) -> CompiledFile:
    """Read a compiled program.

    Args:
        path: of the file.
        program: the program that it should be compiled from; by default any.

    Raises:
        CheckpointError: if the file is missing, corrupt, holds no compiled program, or was compiled
            from another program (or another version of it) than the one given.
    """
    network, extra = load(path)
    missing = [part for part in PARTS if part not in extra]
    if missing:
        raise CheckpointError(
            f"file {path}",
            f"a network without {', '.join(missing)}",
            "a compiled program",
            "pass a file that `mechgap compile` wrote",
        )
    try:
        layout = Layout.from_json(json.loads(extra["layout"]))
        certificate = Certificate.from_json(json.loads(extra["certificate"]))
        origins = extra.get("provenance")
        provenance = None if origins is None else Provenance.from_json(json.loads(origins))
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(
            f"file {path}, layout and certificate",
            f"{type(error).__name__}: {error}",
            "what this version of mechgap writes",
            "compile the program again",
        ) from error
    name, source, digest = (extra[part] for part in ("program", "source", "digest"))
    found = CompiledFile(name, source, digest, network, layout, certificate, provenance)
    if program is not None:
        _check_program(path, found, program)
    return found


def _check_program(path: Path | str, found: CompiledFile, program: Program) -> None:
    if found.digest == program.digest:
        return
    other = "another version of it" if found.program == program.name else f"the program {found.program}"
    raise CheckpointError(
        f"file {path}, for program {program.name}",
        f"compiled from {other}, digest {found.digest[:12]}…",
        f"compiled from the program at hand, digest {program.digest[:12]}…",
        "compile the program again, or pass the program that the file was made from",
    )
