"""Times the forward pass of dm-clrs's baseline network; run by an interpreter that has dm-clrs.

python clrs_forward.py TASK N BATCH SEED THREADS

The network is an untrained `BaselineModel` with the GATv2 processor and 128 hidden dimensions; its samples
are those of the benchmark's sampler of this seed, and it makes as many steps as their traces have.
The first answer says what runs here; then a job {"seconds": s} a line is answered by figures.
"""

from __future__ import annotations

import json
import os
import resource
import sys
import time
from importlib.metadata import version
from typing import Any

HIDDEN = 128
PROCESSOR = "gatv2"


def main() -> None:
    """Serve jobs until the input ends."""
    task = sys.argv[1]
    n, batch, seed, threads = map(int, sys.argv[2:])
    if threads == 1:  # XLA has threads of its own, which are not counted by the usual settings
        os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    import clrs
    import jax

    sampler, spec = clrs.build_sampler(task, seed=seed, num_samples=batch, length=n)
    drawn = sampler.next(batch)
    base = _peak()
    model = clrs.models.BaselineModel(
        spec=spec,
        dummy_trajectory=[drawn],
        processor_factory=clrs.get_processor_factory(PROCESSOR, use_ln=True, nb_triplet_fts=8, nb_heads=1),
        hidden_dim=HIDDEN,
        encode_hints=True,
        decode_hints=True,
    )
    model.init(drawn.features, seed)
    key = jax.random.PRNGKey(seed)
    jax.block_until_ready(model.predict(key, drawn.features))
    names = ("dm-clrs", "numpy", "jax")
    python = ".".join(map(str, sys.version_info[:3]))
    versions = {"python": python, **{name: version(name) for name in names}}
    frames = float(drawn.features.lengths.max())
    _say({"versions": versions, "base_mib": base, "frames": frames})
    for line in sys.stdin:
        seconds = json.loads(line)["seconds"]
        count, wall, cpu = 0, time.perf_counter(), time.process_time()
        while not count or time.perf_counter() - wall < seconds:
            jax.block_until_ready(model.predict(key, drawn.features))
            count += batch
        taken = {"wall": time.perf_counter() - wall, "cpu": time.process_time() - cpu}
        _say({"count": count, **taken, "peak_mib": _peak()})


def _peak() -> int:
    """The most memory that this process has taken, in MiB."""
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return round(most / (2**20 if sys.platform == "darwin" else 1024))


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
