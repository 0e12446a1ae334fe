"""Records small dm-clrs models with their logits: python tests/interop/clrs_recording.py tests/interop/data

With names after the folder ("gmpnn-bfs"), only those are recorded, with "losses" the losses of all 30 tasks.
Needs dm-clrs; what it writes is checked in, so that the tests do not. A file holds param/MODULE/NAME,
input/NAME, hint/NAME [T, B, …], output/NAME and lengths, and the logits of all steps: of hints
(hints/NAME) and of outputs (outputs/NAME). Another file holds the loss that training would have on these
samples, without teacher forcing, and its gradient/MODULE/NAME. In ``losses.npz`` are, for a network with
the parameters of ``drawn``, TASK/input/NAME, TASK/loss and TASK/norms of the gradients in the order of names.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np

HINTS_TWICE = {"encode_hints": True, "nb_msg_passing_steps": 2}
MODELS = (
    ("bellman_ford", "gpgn", {"nb_heads": 1, "use_ln": False}, {"encode_hints": True}),
    ("bfs", "gatv2", {"nb_heads": 2, "use_ln": True}, {"encode_hints": True}),
    ("bfs", "gmpnn", {"nb_heads": 1, "use_ln": True}, {"encode_hints": True}),
    ("bfs", "mpnn", {"nb_heads": 1, "use_ln": True}, {"encode_hints": True}),
    ("bfs", "triplet_mpnn", {"nb_heads": 1, "use_ln": True, "nb_triplet_fts": 3}, {"encode_hints": True}),
    ("binary_search", "pgn", {"nb_heads": 1, "use_ln": False}, {"nb_msg_passing_steps": 2}),
    ("binary_search", "triplet_pgn", {"nb_heads": 1, "use_ln": False}, {"nb_msg_passing_steps": 2}),
    ("bridges", "mpnn", {"nb_heads": 1, "use_ln": False}, {"encode_hints": True}),
    ("floyd_warshall", "gatv2_full", {"nb_heads": 1, "use_ln": False}, {"encode_hints": True}),
    ("floyd_warshall", "triplet_gmpnn", {"nb_heads": 1, "use_ln": True}, {"encode_hints": True}),
    ("lcs_length", "mpnn", {"nb_heads": 1, "use_ln": False}, {"encode_hints": True}),
    ("strongly_connected_components", "pgn", {"nb_heads": 1, "use_ln": True}, {"encode_hints": True}),
    ("task_scheduling", "triplet_gpgn", {"nb_heads": 1, "use_ln": False, "nb_triplet_fts": 3}, HINTS_TWICE),
)
HIDDEN, NODES, SAMPLES, SEED = 8, 5, 2, 3


def model_of(task: str, processor: str, factory: dict[str, Any], options: dict[str, Any]) -> tuple[Any, Any]:
    """A model with parameters of its own, none of them zero, and samples; permutations are pointers."""
    import clrs

    sampler, spec = clrs.build_sampler(task, seed=SEED, num_samples=SAMPLES, length=NODES)
    spec, feedbacks = clrs.process_permutations(spec, iter([sampler.next(SAMPLES)]), False)
    feedback = next(feedbacks)
    model = clrs.models.BaselineModel(
        spec,
        feedback,
        processor_factory=clrs.get_processor_factory(processor, **{"nb_triplet_fts": 8, **factory}),
        hidden_dim=HIDDEN,
        hint_repred_mode="soft",
        **options,
    )
    model.init(feedback.features, 1)
    noise = np.random.RandomState(SEED)
    model.params = {
        module: {
            key: np.asarray(a) + 0.1 * noise.randn(*a.shape).astype(np.float32) for key, a in layer.items()
        }
        for module, layer in model.params.items()
    }
    return model, feedback


def record(model: Any, feedback: Any) -> dict[str, Any]:
    """A model on some samples."""
    import jax

    params = model.params
    outputs, hints = model.net_fn.apply(
        params,
        jax.random.PRNGKey(0),
        [feedback.features],
        repred=True,
        algorithm_index=0,
        return_hints=True,
        return_all_outputs=True,
    )
    found = _named("param", params)
    for part, points in (
        ("input", feedback.features.inputs),
        ("hint", feedback.features.hints),
        ("output", feedback.outputs),
    ):
        found |= {f"{part}/{point.name}": np.asarray(point.data) for point in points}
    found |= {f"outputs/{name}": np.asarray(value) for name, value in outputs.items()}
    found |= {f"hints/{name}": np.stack([np.asarray(hint[name]) for hint in hints]) for name in hints[0]}
    return found | {"lengths": np.asarray(feedback.features.lengths)}


def record_gradient(model: Any, feedback: Any) -> dict[str, Any]:
    """Its loss on the samples, and the gradient of that."""
    import jax

    loss, gradient = model.compute_grad(jax.random.PRNGKey(0), feedback)
    return {"loss": np.asarray(loss), **_named("gradient", gradient)}


def _named(part: str, tree: Any) -> dict[str, Any]:
    return {
        f"{part}/{module}/{key}": np.asarray(a) for module, layer in tree.items() for key, a in layer.items()
    }


def drawn(shapes: dict[str, tuple[int, ...]]) -> dict[str, Any]:
    """Parameters by name that need no file."""
    noise = np.random.RandomState(SEED)
    return {key: 0.2 * noise.randn(*shapes[key]).astype(np.float32) for key in sorted(shapes)}


def record_loss(task: str) -> dict[str, Any]:
    """The loss of an MPNN in any of the tasks."""
    model, feedback = model_of(task, "mpnn", {"nb_heads": 1, "use_ln": False}, {"encode_hints": True})
    shapes = {f"{m}/{key}": a.shape for m, layer in model.params.items() for key, a in layer.items()}
    values = drawn(shapes)
    model.params = {m: {key: values[f"{m}/{key}"] for key in layer} for m, layer in model.params.items()}
    found = record_gradient(model, feedback)
    gradient = {key.removeprefix("gradient/"): a for key, a in found.items() if key != "loss"}
    norms = [np.sqrt(np.square(gradient[key]).sum()) for key in sorted(gradient)]
    inputs = {f"{task}/input/{point.name}": np.asarray(point.data) for point in feedback.features.inputs}
    return {**inputs, f"{task}/loss": found["loss"], f"{task}/norms": np.stack(norms)}


def record_losses() -> dict[str, Any]:
    """Of all tasks of the benchmark."""
    from clrs._src.specs import CLRS_30_ALGS

    found: dict[str, Any] = {}
    for task in CLRS_30_ALGS:
        found |= record_loss(task)
    return found


if __name__ == "__main__":
    if sys.argv[2:] in ([], ["losses"]):
        np.savez_compressed(Path(sys.argv[1]) / "losses.npz", **record_losses())
    for task, processor, *more in MODELS:
        name = f"{processor}-{task}"
        if len(sys.argv) > 2 and name not in sys.argv[2:]:
            continue
        recorded = model_of(task, processor, *more)
        np.savez_compressed(Path(sys.argv[1]) / f"clrs-{name}.npz", **record(*recorded))
        np.savez_compressed(Path(sys.argv[1]) / f"gradient-{name}.npz", **record_gradient(*recorded))
