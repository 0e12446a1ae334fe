"""Processes that answer a line for every line: both sides of a comparison, each in its own environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Self

ROOT = Path(__file__).parent.parent
CLRS = Path(__file__).parent / "clrs_sampling.py"
SETTINGS_OF_THREADS = (
    "OMP_NUM_THREADS",
    "MKL_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
)
LAST_LINES = 2000


class Failed(Exception):
    """A process ended before it had answered; the message holds the end of what it complained of."""


class Partner:
    """A process that says what it is, and then answers jobs. It starts with the `with` block.

    Args:
        command: what to run; each job is a line of JSON on its input, each answer one on its output.
        threads: of arithmetic.
    """

    def __init__(self, command: list[str], threads: int) -> None:
        self._command = command
        self._environment = {**os.environ, **dict.fromkeys(SETTINGS_OF_THREADS, str(threads))}
        self._about: dict[str, Any] | None = None

    def __enter__(self) -> Self:
        with ExitStack() as stack:
            self._complaints = stack.enter_context(tempfile.TemporaryFile())
            self._process = subprocess.Popen(
                self._command,
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._complaints,
                text=True,
            )
            stack.callback(self._end)
            self._stack = stack.pop_all()
        return self

    def __exit__(self, kind: object, error: object, trace: object) -> None:
        if kind is not None:
            self._process.kill()
        self._stack.close()

    @property
    def about(self) -> dict[str, Any]:
        """What the process said of itself; waits until it is ready."""
        if self._about is None:
            self._about = self._answer()
        return self._about

    def ask(self, **job: Any) -> dict[str, Any]:
        """The answer to a job.

        Raises:
            Failed: if the process ended instead.
        """
        assert self.about and self._process.stdin
        try:
            self._process.stdin.write(json.dumps(job) + "\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            raise self._failed() from None
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self._process.stdout
        for line in self._process.stdout:
            if line.startswith("{"):  # libraries print as well
                answer: dict[str, Any] = json.loads(line)
                return answer
        raise self._failed()

    def _failed(self) -> Failed:
        self._process.wait()
        self._complaints.seek(0)
        complaints = self._complaints.read().decode(errors="replace")[-LAST_LINES:]
        return Failed(f"{' '.join(self._command)} ended with {self._process.returncode}:\n{complaints}")

    def _end(self) -> None:
        """Let the process end: it does when no more jobs can come."""
        assert self._process.stdin and self._process.stdout
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        self._process.wait()
        self._process.stdout.close()


def mechgap_process(task: str, n: int, threads: int) -> Partner:
    """A process that draws and runs one task here."""
    command = [sys.executable, "-m", "benchmarks.trace_worker", task, str(n), str(threads)]
    return Partner(command, threads)


def clrs_process(python: str, task: str, n: int, threads: int) -> Partner:
    """A process that draws and runs one task in dm-clrs."""
    return Partner([python, str(CLRS), "--serve", task, str(n)], threads)
