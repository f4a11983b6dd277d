"""
Writes the parts of these pages that follow from the code: `uv run python -m docs.generate`.

A part stands between two comment lines that name it; everything outside them is written by
hand and left alone. It refuses a page that names a part nobody can write. A test fails when
a part is stale, so a page cannot drift from the tools, settings, commands or rules.
"""

import re
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from docs import pages

FOLDER = Path(__file__).parent
_PART = re.compile(r"<!-- written by docs\.generate: (?P<name>[a-z_ ]+) -->\n.*?<!-- end -->", re.S)


def written(text: str) -> str:
    """The page with each of its parts written anew; raises KeyError for a part nobody knows."""
    return _PART.sub(lambda found: _framed(found["name"]), text)


def parts(text: str) -> list[str]:
    """The names of the parts on a page."""
    return [found["name"] for found in _PART.finditer(text)]


def _framed(name: str) -> str:
    return f"<!-- written by docs.generate: {name} -->\n{_writers()[name]()}\n<!-- end -->"


def _writers() -> Mapping[str, Callable[[], str]]:
    """Every part there is, by its name."""
    return {
        "tools": pages.tools_overview,
        "settings": pages.settings_tables,
        "agent fields": pages.agent_fields,
        "task fields": pages.task_fields,
        "crew": pages.crew_shown,
        "profiles": pages.profiles,
        "commands": pages.commands,
        "thresholds": pages.thresholds,
        "limits": pages.limits,
        "order states": pages.order_states,
    } | {f"tool {name}": _one(name) for name in pages.tool_names()}


def _one(name: str) -> Callable[[], str]:
    return lambda: pages.tool_page(name)


def stale() -> Iterator[tuple[Path, str]]:
    """Pages that differ from what would be written now, with that text."""
    for page in sorted(FOLDER.glob("*.md")):
        before = page.read_text(encoding="utf-8")
        if (after := written(before)) != before:
            yield page, after


def main() -> int:
    """Write every stale page."""
    for page, text in list(stale()):
        page.write_text(text, encoding="utf-8")
        sys.stdout.write(f"wrote {page.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
