"""`mechgap stock`: parameters of the unmodified network of the CLRS benchmark, and its own score of them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from .options import AsJson, ProgramName, Seed


def stock(
    name: ProgramName,
    processor: Annotated[
        str, typer.Option(help="mpnn, triplet_gmpnn, pgn, gatv2 or gatv2_full, as the benchmark calls them.")
    ] = "mpnn",
    undirected: Annotated[
        bool, typer.Option("--undirected", help="Promise that edges are the same in both directions.")
    ] = False,
    at_once: Annotated[
        bool, typer.Option("--at-once", help="Runs may be over in their first frame; outputs then stay.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Write the parameters to this .npz file.")] = None,
    size: Annotated[
        list[int] | None,
        typer.Option(min=2, help="Score samples of this many nodes, again for more; needs dm-clrs."),
    ] = None,
    count: Annotated[int, typer.Option(min=1, help="Samples of each size.")] = 8,
    seed: Seed = 0,
    as_json: AsJson = False,
) -> None:
    """Compile a program into a dm-clrs BaselineModel; write its parameters, and score them with dm-clrs."""
    from ..compiler.stock.compilation import stock_parameters
    from ..interop.stock import save_stock, score_stock
    from ..tasks.catalogue import load
    from .output import print_json, print_table

    found = stock_parameters(load(name).program, processor, undirected, at_once)
    if out is not None:
        save_stock(found, out)
    scores = [score_stock(found, length, count, seed) for length in size or ()]
    about: dict[str, Any] = {key: value for key, value in vars(found).items() if key != "arrays"}
    if as_json:
        print_json({**about, "out": None if out is None else str(out), "scores": [vars(s) for s in scores]})
        return
    rows = [
        ("processor", found.processor),
        ("hidden_dim", f"{found.width}"),
        ("nb_msg_passing_steps", f"{found.rounds}"),
        ("nb_heads", f"{found.heads}"),
        ("for up to", f"{found.n:,} nodes"),
        ("promised", "edges are the same in both directions" if found.undirected else "nothing"),
        ("hints without a decoder", ", ".join(found.silent) or "none"),
        ("written to", str(out or "–")),
    ]
    print_table(f"{found.task} in the network of the CLRS benchmark", ("", ""), rows)
    if scores:
        columns = ("nodes", "samples", "steps", "score", "hints that are not exact")
        told = [
            (
                f"{s.n}",
                f"{s.samples}",
                f"{s.steps}",
                f"{s.score:.4f}",
                ", ".join(name for name, share in s.hints.items() if share < 1.0) or "none",
            )
            for s in scores
        ]
        print_table("scored by dm-clrs on its own samples", columns, told)
