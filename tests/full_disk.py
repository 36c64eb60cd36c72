"""A full disk for tests, without needing root."""

import contextlib
import resource


@contextlib.contextmanager
def no_room_beyond(size):
    """Lets no file of this process grow beyond so many bytes, as a full disk would.

    The system refuses to write with EFBIG in place of ENOSPC.
    """
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
