"""Checking file names from untrusted lists."""

import re

_OUTSIDE = re.compile(r"(?s)[\\/]|[A-Za-z]:|(.*[\\/])?\.\.([\\/]|$)")


def leads_out(name: str) -> bool:
    """Whether a name points outside the folder it belongs in, on any system."""
    return _OUTSIDE.match(name) is not None
