"""Reads the HTML pages that tests inspect."""

import html.parser

# Those of the elements used that have no end.
VOID = {"meta", "img", "input"}


class Checked(html.parser.HTMLParser):
    """Reads a page, and asserts that every element is closed in its turn."""

    def __init__(self, text):
        super().__init__()
        self.open, self.elements, self.words, self.inside = [], [], [], {}
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_startendtag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))

    def handle_starttag(self, tag, attrs):
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open and self.open[-1] not in ("style", "script"):
            self.words.append(data)
            for tag in {*self.open} if data.strip() else ():
                self.inside.setdefault(tag, []).append(data.strip())

    def of(self, tag, **attributes):
        return [
            found
            for name, found in self.elements
            if name == tag and attributes.items() <= found.items()
        ]

    def words_of(self, tag):
        """The words within elements of a tag, with a space between their parts."""
        return " ".join(self.inside.get(tag, ()))

    @property
    def text(self):
        return " ".join(self.words)
