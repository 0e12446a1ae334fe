"""Trains dm-clrs's baseline network; run by an interpreter that has dm-clrs.

python clrs_training.py TASK PROCESSOR N BATCH THREADS

The first answer says what runs here; then each line of JSON is a job:

{"job": "time", "steps": k}                             the seconds of k steps, on batches drawn before
{"job": "learn", "seed": s, "steps": k, "every": m}     scores of the outputs on held-out graphs on the way
"""

from __future__ import annotations

import json
import os
import sys
import time
from importlib.metadata import version
from typing import Any

HIDDEN = 128
DRAWN = 8
"""Batches that are timed, in turn."""
HELD_OUT = 64
CONNECTIVITY = tuple(0.1 * k for k in range(1, 10))


def main() -> None:
    """Serve jobs until the input ends."""
    task, processor = sys.argv[1:3]
    n, batch, threads = map(int, sys.argv[3:])
    if threads == 1:  # XLA has threads of its own, which are not counted by the usual settings
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    trainer = _Trainer(task, processor, n, batch)
    names = ("dm-clrs", "numpy", "jax")
    python = ".".join(map(str, sys.version_info[:3]))
    versions = {"python": python, **{name: version(name) for name in names}}
    _say({"versions": versions, "processor_steps": trainer.frames - 1})
    for line in sys.stdin:
        job = json.loads(line)
        if job.pop("job") == "time":
            _say(trainer.time(**job))
        else:
            _say(trainer.learn(**job))


class _Trainer:
    """A model of the benchmark, and batches of its sampler that are drawn and padded beforehand."""

    def __init__(self, task: str, processor: str, n: int, batch: int) -> None:
        import clrs
        import jax

        self._clrs, self._jax = clrs, jax
        self._task, self._processor, self._n, self._batch = task, processor, n, batch
        sampler, self._spec = self._sampler(0, DRAWN * batch)
        drawn = sampler.next(DRAWN * batch)
        self._drawn = [_part(drawn, slice(k * batch, (k + 1) * batch)) for k in range(DRAWN)]
        self.frames = int(self._drawn[0].features.hints[0].data.shape[0])
        self._model = self._fresh(0)
        self._key = jax.random.PRNGKey(0)
        self._done = 0
        self.time(2)  # compiles

    def time(self, steps: int) -> dict[str, Any]:
        """The seconds of some steps."""
        wall, cpu = time.perf_counter(), time.process_time()
        for _ in range(steps):
            self._step(self._model, self._drawn[self._done % DRAWN])
            self._done += 1
        return {"count": steps, "wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}

    def learn(self, seed: int, steps: int, every: int) -> dict[str, Any]:
        """The mean score of the outputs on held-out graphs every few steps, of fresh graphs at each step."""
        sampler, _ = self._sampler(1000 + seed, steps * self._batch)
        held_out, _ = self._sampler(10**6, HELD_OUT)
        test = held_out.next(HELD_OUT)
        model, scores = self._fresh(seed), {}
        for step in range(1, steps + 1):
            self._step(model, sampler.next(self._batch))
            if step % every == 0:
                predicted, _ = model.predict(self._key, test.features)
                found = self._clrs.evaluate(test.outputs, predicted)
                scores[step] = float(found["score"])
        return {"scores": scores}

    def _step(self, model: Any, drawn: Any) -> None:
        self._key, key = self._jax.random.split(self._key)
        float(model.feedback(key, drawn))

    def _sampler(self, seed: int, count: int) -> Any:
        sampler, spec = self._clrs.build_sampler(
            self._task, seed=seed, num_samples=count, length=self._n, p=CONNECTIVITY
        )
        return sampler, spec

    def _fresh(self, seed: int) -> Any:
        clrs = self._clrs
        model = clrs.models.BaselineModel(
            spec=self._spec,
            dummy_trajectory=[self._drawn[0]],
            processor_factory=clrs.get_processor_factory(
                self._processor, use_ln=True, nb_triplet_fts=8, nb_heads=1
            ),
            hidden_dim=HIDDEN,
            encode_hints=True,
            decode_hints=True,
            encoder_init="xavier_on_scalars",
            learning_rate=1e-3,
            grad_clip_max_norm=1.0,
            hint_teacher_forcing=0.0,
            hint_repred_mode="soft",
        )
        model.init(self._drawn[0].features, seed)
        return model


def _part(drawn: Any, rows: slice) -> Any:
    """Some samples of a batch; all keep the number of frames of the batch."""

    def cut(points: Any, frames: bool = False) -> Any:
        return tuple(
            type(p)(
                name=p.name,
                location=p.location,
                type_=p.type_,
                data=p.data[(slice(None),) * frames + (rows,)],
            )
            for p in points
        )

    found = drawn.features
    features = type(found)(cut(found.inputs), cut(found.hints, True), found.lengths[rows])
    return type(drawn)(features, cut(drawn.outputs))


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
