"""HTML pages that need nothing beside themselves.

No outside request: style, script, diagrams and photos stand in the page, and its
content security policy forbids everything else.
"""

import base64
import hashlib
import html
from collections.abc import Iterable
from importlib import resources
from pathlib import Path

from distortions import whole_file

# A file's name need not be text in UTF-8.
_ERRORS = "backslashreplace"


def write(
    path: Path, *, title: str, style: str, body: Iterable[str], script: str = ""
) -> None:
    """Writes a page, whole or not at all; the same arguments give the same page.

    Args:
        path: the HTML file; its folder must be there.
        title: what the window is called.
        style: the page's own style sheet, which follows `base.css`.
        body: HTML, in order, one below the other.
        script: JavaScript that runs when the page is there; none if empty.
    """
    style = read("rankiqa_tf.pages", "base.css") + style
    policy = "default-src 'none'; img-src data:; style-src 'unsafe-inline'"
    scripts = []
    if script:
        digest = hashlib.sha256(script.encode()).digest()
        policy += f"; script-src 'sha256-{base64.b64encode(digest).decode()}'"
        scripts.append(f"<script>{script}</script>")
    page = "\n".join(
        [
            "<!DOCTYPE html>",
            '<html lang="en">',
            "<head>",
            '<meta charset="utf-8">',
            f'<meta http-equiv="Content-Security-Policy" content="{policy}">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{html.escape(title)}</title>",
            f"<style>\n{style}</style>",
            "</head>",
            "<body>",
            "<main>",
            *body,
            "</main>",
            *scripts,
            "</body>",
            "</html>",
            "",
        ]
    )
    whole_file.write(path, page.encode("utf-8", _ERRORS))


def read(package: str, name: str) -> str:
    """Reads a file that lies beside the code: a style sheet, a script."""
    return resources.files(package).joinpath(name).read_text("utf-8")
