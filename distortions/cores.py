"""The processor cores that this process may use."""

import os


def available() -> int:
    """Counts them: those of the machine, or fewer where the system allows fewer."""
    if hasattr(os, "sched_getaffinity"):  # Linux only.
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
