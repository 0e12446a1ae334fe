"""Trains networks in mechgap for `benchmarks.training`; run as a process of its own.

python -m benchmarks.training_worker TASK PROCESSOR N BATCH THREADS HIDDEN [DEVICE]

The first answer says what runs here; then each line of JSON is a job:

{"job": "time", "steps": k}                             the seconds of k steps, on batches drawn before
{"job": "learn", "seed": s, "steps": k, "every": m}     scores of the outputs on held-out graphs on the way
{"job": "seeds", "seeds": s, "steps": k, "stacked": b}  the seconds of k steps of s seeds, on fresh traces
"""

from __future__ import annotations

import json
import sys
import time
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

from .clrs_training import CONNECTIVITY, DRAWN, HELD_OUT
from .trace_worker import _peak, _say, find_task

if TYPE_CHECKING:
    from mechgap.nets.config import NetworkConfig
    from mechgap.semantics.trace import Trace
    from mechgap.training.run import Run

SQUARE = 1024
"""Rows of the matrices whose product says how fast the machine is."""


def main() -> None:
    """Serve jobs until the input ends."""
    task, processor = sys.argv[1:3]
    n, batch, threads, hidden = map(int, sys.argv[3:7])
    device = sys.argv[7] if len(sys.argv) > 7 else "cpu"
    import torch

    torch.set_num_threads(threads)
    trainer = _Trainer(task, processor, n, batch, hidden, device)
    names = ("mechgap", "torch", "numpy")
    python = ".".join(map(str, sys.version_info[:3]))
    versions = {"python": python, **{name: version(name) for name in names}}
    steps = sum(trace.frames - 1 for trace in trainer.drawn) / DRAWN
    flops = operations(trainer.config, trainer.graph_steps, n)
    _say({"versions": versions, "processor_steps": steps, "operations": flops, "sgemm": sgemm()})
    jobs = {"time": trainer.time, "learn": trainer.learn, "seeds": trainer.seeds}
    for line in sys.stdin:
        job = json.loads(line)
        _say({**jobs[job.pop("job")](**job), "peak_mib": _peak()})


def sgemm() -> float:
    """Operations per second of the product of two square matrices, the best of some."""
    import torch

    one, other = torch.rand(2, SQUARE, SQUARE)
    best = 0.0
    for _ in range(5):
        start = time.process_time()
        one @ other
        best = max(best, 2 * SQUARE**3 / (time.process_time() - start))
    return best


def operations(config: NetworkConfig, steps: float, n: int) -> float:
    """Floating point operations that a training step cannot do without, by exact algebra.

    Linear maps of encoded features of pairs are maps of the few raw ones; maps of both ends of a pair are
    done at nodes. Then GATv2 has no product of width x width at pairs left, an MPNN the two of its
    messages. The way back takes twice as many as the way there. Losses, norms, encoders and the
    optimiser are left out.

    Args:
        config: a network of the benchmark.
        steps: of the processor, summed over the graphs of a batch.
        n: number of nodes.
    """
    from mechgap.nets.features import edge_columns
    from mechgap.nets.shapes import MPNNConfig

    width, raw = config.hidden, len(edge_columns(config))
    z, decoded = 2 * width, 3 * width
    of_pair = 2.0 * raw * width
    if isinstance(config.rounds[0], MPNNConfig):
        node = 2.0 * z * width * 3 + 2.0 * width * width
        pair = of_pair + 3 * width + 2 * (2.0 * width * width) + width
    else:
        node = 2.0 * z * width * 4
        pair = of_pair + 4 * width + 2.0 * width + 2.0 * width
    for port in config.interface.hints:
        pointer = port.kind.refers
        node += 2 * 2.0 * decoded * width if pointer else 2.0 * decoded * port.kind.width
        pair += of_pair + 2 * width + 2.0 * width if pointer else 0.0
    return 3 * steps * (n * node + n * n * pair)


class _Trainer:
    """A run of a network, and the traces that it is timed on: those of the benchmark's sampler."""

    def __init__(self, task: str, processor: str, n: int, batch: int, hidden: int, device: str) -> None:
        from mechgap.nets.config import clrs_config, mpnn_config
        from mechgap.training.settings import TrainingSettings

        self._task, self._n, self._batch = find_task(task), n, batch
        make = {"gatv2": clrs_config, "mpnn": mpnn_config}[processor]
        self.config = make(self._task.program.interface, hidden)
        self._settings = TrainingSettings(sizes=(n,), batch=batch, hidden=hidden, device=device)
        self.drawn = self._traces(0, DRAWN)
        self._run = self._fresh(0)
        self._done = 0
        self.time(2)

    @property
    def graph_steps(self) -> float:
        """Steps of a batch, summed over its graphs, each until its own end; the mean of the batches."""
        return sum(float((trace.lengths - 1).sum()) for trace in self.drawn) / DRAWN

    def time(self, steps: int) -> dict[str, Any]:
        """The seconds of some steps."""
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(steps):
            self._run.advance(self.drawn[self._done % DRAWN])
            self._done += 1
        return {"count": steps, "wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}

    def learn(self, seed: int, steps: int, every: int) -> dict[str, Any]:
        """The share of nodes whose outputs are the reference's, every few steps, of fresh graphs at each."""
        from mechgap.nets.rollout import RolloutOptions, rollout

        (exact,) = self._traces(10**6, 1, HELD_OUT)
        run, scores = self._fresh(seed), {}
        for step in range(1, steps + 1):
            run.advance(*self._traces((1 + seed) * 10**7 + step, 1, fresh=True))
            if step % every == 0:
                found = rollout(run.network, exact.batch, RolloutOptions.of(run.network, exact))
                right = [
                    port.kind.agreement(found.outputs[port.name], exact.outputs[port.name]).float().mean()
                    for port in self.config.interface.outputs
                ]
                scores[step] = float(sum(right)) / len(right)
        return {"scores": scores}

    def seeds(self, seeds: int, steps: int, stacked: bool) -> dict[str, Any]:
        """The seconds of some steps of several seeds, each with fresh traces of its own."""
        from mechgap.lab.learning import traces
        from mechgap.training.stack import Stack

        runs = [self._fresh(seed) for seed in range(seeds)]
        sources = [traces(self._task, run.settings) for run in runs]
        stack = Stack(runs) if stacked else None
        for step in range(steps + 1):
            if step == 1:  # the first is not timed
                wall, cpu = time.perf_counter(), time.process_time()
            given = [source(step) for source in sources]
            if stack is not None:
                stack.advance(given)
            else:
                for run, trace in zip(runs, given, strict=True):
                    run.advance(trace)
        taken = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        return {"count": seeds * steps, **taken}

    def _fresh(self, seed: int) -> Run:
        from dataclasses import replace

        from mechgap.nets.network import Network
        from mechgap.training.run import Run

        return Run.of(Network(self.config, seed), replace(self._settings, seed=seed))

    def _traces(self, seed: int, count: int, batch: int | None = None, *, fresh: bool = False) -> list[Trace]:
        """Runs in batches; fresh graphs come once each, others as the benchmark draws them, some twice."""
        import torch

        from mechgap.interop.clrs import clrs_batch
        from mechgap.semantics.interpreter import interpret
        from mechgap.tasks.samplers.clrs.inputs import clrs_dataset, clrs_inputs

        size, program = batch or self._batch, self._task.program
        draw = clrs_dataset if fresh else clrs_inputs
        arrays = draw(self._task.name, seed, count * size, self._n, p=CONNECTIVITY)
        inputs = clrs_batch(program, arrays, torch.float32)
        return [interpret(program, inputs.part(k * size, (k + 1) * size)) for k in range(count)]


if __name__ == "__main__":
    main()
