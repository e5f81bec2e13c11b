"""Memory that is free goes back to the system."""

from __future__ import annotations

import ctypes
import sys


def give_back_memory() -> None:
    """Return the free pages of the heap to the system, where the C library can (malloc_trim(3), glibc).

    What is kept lies scattered among large tensors, which leave holes when they go: without this the memory of a job
    grows with the archive. It takes some hundredths of a second.
    """
    if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
        trim(0)
