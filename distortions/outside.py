"""Names of files that a list from strangers gives."""

import re

_OUTSIDE = re.compile(r"(?s)[\\/]|[A-Za-z]:|(.*[\\/])?\.\.([\\/]|$)")


def leads_out(name: str) -> bool:
    """Whether a name leads out of the folder that it is to be in, on any system."""
    return _OUTSIDE.match(name) is not None
