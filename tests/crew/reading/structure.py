"""What a parser makes of a page: its elements, their attributes, and its text."""

from dataclasses import dataclass, field
from html.parser import HTMLParser


@dataclass
class Structure:
    """Elements in order with their attributes; `text` is all that is not code."""

    opened: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    text: str = ""
    comments: int = 0

    def elements(self, name: str) -> list[dict[str, str]]:
        return [attributes for opened, attributes in self.opened if opened == name]


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.seen = Structure()
        self._inside = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.opened.append((tag, {name: value or "" for name, value in attrs}))
        self._inside = tag

    def handle_endtag(self, tag: str) -> None:
        self.seen.closed.append(tag)
        self._inside = ""

    def handle_data(self, data: str) -> None:
        if self._inside not in ("script", "style"):
            self.seen.text += data

    def handle_comment(self, data: str) -> None:
        self.seen.comments += 1


def structure_of(page: str) -> Structure:
    """The page as the standard library's parser reads it."""
    parser = _Parser()
    parser.feed(page)
    parser.close()
    return parser.seen
