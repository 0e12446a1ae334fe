"""The stages of an experiment: show, compile, verify, train, measure."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ..compiler.passes import compile_program
from ..errors import MechgapError
from ..interop.compiled import load_compiled, save_compiled
from ..measures.panel import measure
from ..nets.network import Network
from ..nets.storage import load, save
from ..training.checkpoint import CHECKPOINT
from ..training.checkpoint import load as load_training
from .example import draw_example
from .exchange_example import draw_exchanges
from .experiment import Experiment, Stage
from .learning import learn
from .measurement import courses, left_out, references, setting
from .rivals import rivals
from .store import write_json, write_text
from .verification import verify

if TYPE_CHECKING:
    from ..measures.panel import Panel
    from .verification import Watch

PROGRAM, COMPILED, VERIFICATION = "program.txt", "compiled.safetensors", "verification.json"
TRAINED = "trained.safetensors"
METRICS, EXAMPLE, EXCHANGES = "metrics.json", "example.json", "exchanges.json"


def show(made: Experiment, watch: Watch) -> str:
    """Write down the program."""
    program = made.task.program
    write_text(made.file(PROGRAM), program.source)
    return f"{len(program.state)} state variables, digest {program.digest[:12]}"


def compile(made: Experiment, watch: Watch) -> str:
    """Compile the program."""
    compiled = compile_program(made.task.program)
    save_compiled(compiled, made.file(COMPILED))
    c = compiled.certificate
    return f"exact up to n = {c.n}, {c.rounds} rounds a step, width {c.hidden}, {c.nonzero} weights"


def check(made: Experiment, watch: Watch) -> str:
    """Verify the compiled network."""
    found = load_compiled(made.file(COMPILED), made.task.program)
    report = verify(made.task, found.network, found.certificate, made.verification, watch)
    write_json(made.file(VERIFICATION), report.to_json())
    if report.mismatches:
        made.file(VERIFICATION).rename(made.file(f"failed-{VERIFICATION}"))
        raise MechgapError(
            f"verifying the compiled network of {made.task.name}",
            f"{report.mismatches} values that differ from the interpreter's",
            "none",
            f"see `mechgap verify {made.name}`; this is a fault of the compiler, please report it",
        )
    return f"{report.steps} steps of {report.graphs} graphs, 0 mismatches"


def train(made: Experiment, watch: Watch) -> str:
    """Train a network, from the last checkpoint on."""
    run = learn(made.task, made.training, made.file(CHECKPOINT), watch=watch)
    if not run.done:
        raise KeyboardInterrupt
    save(run.network, made.file(TRAINED))
    last = run.history[-1].scores.get("valid") if run.history else None
    scored = f", valid answers {last:.1%}" if last is not None else ""
    return f"{run.step} steps{scored}"


def gauge(made: Experiment, watch: Watch) -> str:
    """Measure the trained network beside its references."""
    task, plan, total = made.task, made.measuring, 5
    watch(0, total, "drawing graphs")
    compiled = load_compiled(made.file(COMPILED), task.program)
    trained, _ = load(made.file(TRAINED))
    untrained = Network(trained.config, seed=made.seed + 1)
    programs = rivals(task, made.rivals)
    ready = setting(task, programs, plan)
    watch(1, total, f"the gates, against {', '.join(p.name for p in programs) or 'no rival'}")
    panel = measure(trained, ready, references(task, plan, trained))
    watch(2, total, "runs step by step")
    networks = {"compiled": compiled.network, "trained": trained, "untrained": untrained}
    runs = courses(networks, ready)
    watch(3, total, "an example")
    write_json(made.file(EXAMPLE), draw_example(task, networks, seed=made.seed))
    watch(4, total, "examples of exchanges")
    write_json(made.file(EXCHANGES), draw_exchanges(task, programs, networks, seed=made.seed))
    metrics = {
        "panel": panel.to_json(),
        "courses": runs,
        "left_out": left_out(ready, plan),
        "history": _history(made),
        "network": _shape(trained),
    }
    write_json(made.file(METRICS), metrics)
    return _headline(panel)


def _headline(panel: Panel) -> str:
    valid = panel.rows["behaviour/valid"].score
    kept = ", ".join(panel.verdict.kept) or "none"
    return f"valid answers {valid.value:.1%}; {panel.verdict.summary} (left: {kept})"


def _history(made: Experiment) -> list[dict[str, Any]]:
    """What training noted at its validations."""
    history = load_training(made.file(CHECKPOINT)).history if made.file(CHECKPOINT).exists() else []
    return [{"step": e.step, "losses": dict(e.losses), "scores": dict(e.scores)} for e in history]


def _shape(network: Network) -> dict[str, Any]:
    """The size of a network."""
    config = network.config
    return {
        "rounds": len(config.rounds),
        "heads": sum(shape.attentions for shape in config.rounds),
        "hidden": config.hidden,
        "parameters": sum(weight.numel() for weight in network.parameters()),
    }


STAGES = (
    Stage("show", (PROGRAM,), show),
    Stage("compile", (COMPILED,), compile),
    Stage("verify", (VERIFICATION,), check),
    Stage("train", (TRAINED,), train),
    Stage("measure", (METRICS, EXAMPLE, EXCHANGES), gauge),
)
EXTRA = (CHECKPOINT, f"failed-{VERIFICATION}")
"""Files that stages leave beside those that say that they are done."""
