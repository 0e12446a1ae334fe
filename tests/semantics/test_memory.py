"""Freed memory is kept where the C library can be asked to."""

from __future__ import annotations

import platform
import subprocess
import sys


def test_the_library_of_gnu_can_be_asked():
    """In a process of its own: the setting cannot be taken back."""
    code = "from mechgap.semantics.memory import keep_freed_memory; print(keep_freed_memory())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == str(platform.libc_ver()[0] == "glibc")
