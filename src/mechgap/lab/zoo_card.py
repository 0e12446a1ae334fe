"""The card of an entry of the zoo: what it is, how it was verified, how to read it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ..lang.program import Program

CARD = """\
# {task}, compiled to {target}

{about}

The weights were not learnt: mechgap {mechgap} compiled them from the program (SHA-256 of its text:
`{program}`). Which dimension of a hidden vector holds
which variable is known, so that the files may serve as ground truth for tools that interpret networks.
Everything that was drawn follows from the seed {seed}.

## Networks

| file | differs in | exact up to n | how that is known |
|---|---|---:|---|
{networks}
{left_out}
*Certified* networks make the interpreter's run, bit for bit in float32, under the conditions of
`certificate.json` (but for numbers that it lists under `errors`, which are within these of it); that was also
verified, in all values, on random graphs of several families. A network
that is *not certified* was only verified on that many graphs, and only in its decisions: masks, pointers,
categories and halting; its numbers may differ in their last digits. Verified on some graphs is no proof for
others.

## Files

- `NAME.safetensors`: weights; configuration, program text, layout, certificate and variables in the metadata,
  as one JSON text under `mechgap`. `network.safetensors` also says which operation each unit comes from.
- `layout.json`, `NAME.layout.json`: variables → slots → dimensions of the hidden vector, offsets, scales, and
  attention heads.
- `certificate.json`: n {n}, {rounds} rounds of {heads} heads in all, {hidden} hidden dimensions,
  {nonzero} of {parameters} weights not zero.
- `trace.npz`: the interpreter's run on {graphs} graphs of {nodes} nodes: `input/NAME`, `hint/NAME`
  (time first, {frames} frames), `output/NAME`, `lengths`.
- `hidden.safetensors`: `hidden` [T, B, N, H] and, for each round K, `attention.K`
  [T-1, B, heads, N (receiver), N (sender)] of `network.safetensors` on these graphs; its run was compared
  with `trace.npz`: 0 mismatches.
- `entry.json`: all of this as plain data, with the SHA-256 of each file.

```python
from mechgap.interop.compiled import load_compiled
from mechgap.interop.golden import read_trace
from mechgap.nets.rollout import rollout
from mechgap.tasks.catalogue import load

program = load("{task}").program
file = load_compiled("network.safetensors", program)
trace = rollout(file.network, read_trace("trace.npz", program).batch)
```

The programme of compiling algorithms into graph networks, to compare them with trained ones, is that of
arXiv 2505.18623; please cite it beside mechgap.
"""


def card(program: Program, entry: dict[str, Any], certificate: dict[str, Any]) -> str:
    """The card in Markdown.

    Args:
        program: that was compiled.
        entry: what the entry holds.
        certificate: as plain data.
    """
    left_out = "".join(f"\nNo {found['name']} variant: {found['reason']}.\n" for found in entry["left out"])
    return CARD.format(
        **{key: entry[key] for key in ("task", "target", "mechgap", "program", "seed", "n")},
        **{key: certificate[key] for key in ("rounds", "heads", "hidden", "nonzero", "parameters")},
        **{key: entry["example"][key] for key in ("graphs", "nodes", "frames")},
        about=program.text or f"The program {program.name}.",
        networks="\n".join(map(_network, entry["networks"])),
        left_out=left_out,
    )


def _network(found: dict[str, Any]) -> str:
    verified = found["verified"]
    sizes = ", ".join(map(str, verified["sizes"]))
    graphs = f"verified in {verified['what']} on {verified['graphs']} graphs of {sizes} nodes"
    known = f"certified; {graphs}" if found["certified"] else f"{graphs}, not certified"
    reach = f"{found['n']}" if found["certified"] else "–"
    cells = (f"`{found['name']}.safetensors`", found["change"], reach, f"{known}: {verified['steps']} steps")
    return f"| {' | '.join(cells)} |"
