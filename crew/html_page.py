"""
One self-contained HTML page, in which nothing that it shows can do anything.

Elements are made by `tag` alone: it escapes every text, spells out what readers cannot see,
knows a few elements and attributes, and refuses all others. No link leads out of the page and
no picture comes from outside it. The policy in its head forbids the browser everything but
this file's own style, script and pictures, should one of these rules fail.
"""

from base64 import b64encode
from collections.abc import Iterable, Sequence
from hashlib import sha256
from html import escape
from typing import Final

from crew.visible import visible

PNG: Final = b"\x89PNG\r\n\x1a\n"


class Html(str):
    """Text that is HTML already; only this file makes it."""

    __slots__ = ()


Content = Html | str
"""What an element holds: elements, and texts that are escaped."""

_ELEMENTS = frozenset(
    {
        *("section", "h1", "h2", "h3", "p", "div", "span", "pre", "b", "details", "summary"),
        *("table", "caption", "thead", "tbody", "tr", "th", "td", "figure", "figcaption", "img"),
        *("a", "header", "main", "nav"),
    }
)
_VOID = frozenset({"img"})
_PLAIN_ATTRIBUTES = frozenset({"class", "id", "alt", "scope", "role", "open"})


def tag(name: str, *content: Content, **attributes: str) -> Html:
    """
    One element; `class_` stands for class. Texts are escaped, elements are taken as they are.

    Raises ValueError for an element, attribute or address that has no place in a page.
    """
    if name not in _ELEMENTS:
        raise ValueError(f"a page has no element {name!r}")
    given = "".join(_attribute(key.rstrip("_"), value) for key, value in attributes.items())
    if name in _VOID:
        return Html(f"<{name}{given}>")
    return Html(f"<{name}{given}>{''.join(map(_text, content))}</{name}>")


def joined(parts: Iterable[Content]) -> Html:
    """Elements and texts, one after another."""
    return Html("".join(map(_text, parts)))


def section(title: str, *content: Content, **attributes: str) -> Html:
    """A part of a page under a heading."""
    return tag("section", tag("h2", title), *content, **attributes)


def table(
    head: Sequence[str],
    rows: Iterable[Sequence[Content]],
    *,
    figures: frozenset[int] = frozenset(),
    even: bool = False,
) -> Html:
    """
    Rows under a head; `figures` are the columns, from 0, that hold numbers.

    `even` makes all columns but a narrow first one equally wide, for texts beside each other.
    """
    kind = {number: {"class_": "figure"} for number in figures}
    titles = (tag("th", one, scope="col", **kind.get(at, {})) for at, one in enumerate(head))
    body = (
        tag("tr", *(tag("td", one, **kind.get(at, {})) for at, one in enumerate(row)))
        for row in rows
    )
    parts = tag("thead", tag("tr", *titles)), tag("tbody", *body)
    return tag("table", *parts, **({"class_": "even"} if even else {}))


def text(value: str) -> Html:
    """A text of several lines, as it was written."""
    return tag("pre", value)


def foldable(summary: Content, *content: Content, unfolded: bool = False, **named: str) -> Html:
    """A line that opens to show what is below it."""
    opened = {"open": ""} if unfolded else {}
    return tag("details", tag("summary", summary), *content, **named, **opened)


def picture(png: bytes, said: str) -> Html:
    """A PNG inside the page, with what it shows in words; raises ValueError for anything else."""
    if not png.startswith(PNG):
        raise ValueError("a page holds PNG pictures only")
    source = f"{_PICTURE}{b64encode(png).decode()}"
    return tag("figure", tag("img", src=source, alt=said), tag("figcaption", said))


def page(title: str, *content: Content, searched: bool = False) -> str:
    """
    The whole document.

    `searched` adds a field that shows only those `details` in an element of class `entries`
    that contain what is typed, and buttons that unfold and fold them all.
    """
    bar = _SEARCH if searched else Html("")
    script = Html(f"<script>{_SCRIPT}</script>") if searched else Html("")
    return (
        f'<!DOCTYPE html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{_policy(searched=searched)}">\n'
        '<meta name="referrer" content="no-referrer">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f'<link rel="icon" href="data:,">\n<title>{_text(title)}</title>\n'
        f"<style>{_STYLE}</style>\n</head>\n<body>\n"
        f"{tag('header', tag('h1', title), bar)}\n{tag('main', *content)}\n{script}</body>\n"
        "</html>\n"
    )


def _text(content: Content) -> str:
    return content if isinstance(content, Html) else escape(visible(content), quote=True)


def _attribute(name: str, value: str) -> str:
    """One attribute; an address is a place in this page or a picture in it."""
    allowed = (
        name in _PLAIN_ATTRIBUTES
        or (name == "href" and value.startswith("#"))
        or (name == "src" and value.startswith(_PICTURE))
    )
    if not allowed:
        raise ValueError(f"a page has no {name}={value[:40]!r}")
    return f' {name}="{escape(visible(value), quote=True)}"'


def _policy(*, searched: bool) -> str:
    script = f"script-src {_hash(_SCRIPT)}; " if searched else ""
    return (
        f"default-src 'none'; style-src {_hash(_STYLE)}; {script}img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def _hash(content: str) -> str:
    return f"'sha256-{b64encode(sha256(content.encode()).digest()).decode()}'"


_PICTURE = "data:image/png;base64,"

_SEARCH = Html(
    '<div class="bar"><input id="search" type="search" placeholder="Search what was said" '
    'aria-label="Search what was said"><button id="unfold" type="button">Unfold all</button>'
    '<button id="fold" type="button">Fold all</button><span id="found" role="status"></span></div>'
)

_SCRIPT = """
const entries = [...document.querySelectorAll(".entries > details")];
const words = entries.map((entry) => entry.textContent.toLowerCase());
const field = document.getElementById("search");
const found = document.getElementById("found");
field.addEventListener("input", () => {
  const sought = field.value.trim().toLowerCase();
  let shown = 0;
  entries.forEach((entry, at) => {
    entry.hidden = !words[at].includes(sought);
    shown += entry.hidden ? 0 : 1;
  });
  found.textContent = sought ? shown + " of " + entries.length : "";
});
const unfold = (open) => document.querySelectorAll(".entries details:not([hidden])")
  .forEach((entry) => { entry.open = open; });
document.getElementById("unfold").addEventListener("click", () => unfold(true));
document.getElementById("fold").addEventListener("click", () => unfold(false));
"""

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --paper: #fff; --faint: #5b6470;
  --line: #d5dae0; --box: #f4f6f8; --good: #1a7f37; --bad: #b3261e; --warn: #8a5a00; }
@media (prefers-color-scheme: dark) { :root { --ink: #e3e7eb; --paper: #15181c; --faint: #9aa4af;
  --line: #333a42; --box: #1e2329; --good: #4cc46a; --bad: #ff8a80; --warn: #e5b454; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 76rem; padding: 0 1rem 4rem; background: var(--paper);
  color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
header { position: sticky; top: 0; z-index: 1; background: var(--paper); padding: .4rem 0;
  border-bottom: 1px solid var(--line); }
h1 { font-size: 1.15rem; margin: .3rem 0; }
h2 { font-size: 1rem; margin: 1.6rem 0 .5rem; }
.bar { display: flex; gap: .5rem; align-items: center; flex-wrap: wrap; }
.bar input { flex: 1 1 16rem; max-width: 32rem; }
.bar input, .bar button { font: inherit; padding: .25rem .6rem; border: 1px solid var(--line);
  border-radius: 4px; background: var(--box); color: inherit; }
table { border-collapse: collapse; width: 100%; font-size: .92em; }
th, td { border: 1px solid var(--line); padding: .35rem .5rem; text-align: left;
  vertical-align: top; overflow: hidden; overflow-wrap: anywhere; unicode-bidi: isolate; }
th { background: var(--box); white-space: nowrap; }
td p:first-child { margin-top: 0; }
.even { table-layout: fixed; }
.even th:first-child { width: 7.5rem; }
.figure { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
pre { margin: .2rem 0 .6rem; padding: .5rem .6rem; background: var(--box); overflow: hidden;
  border-radius: 4px; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: isolate;
  font: 13px/1.4 ui-monospace, monospace; }
details { border-bottom: 1px solid var(--line); padding: .2rem 0; overflow: hidden; }
details details { border: 0; margin-left: 1.2rem; }
summary { cursor: pointer; overflow-wrap: anywhere; unicode-bidi: isolate; }
p { overflow-wrap: anywhere; unicode-bidi: isolate; margin: .3rem 0; }
figure { margin: .5rem 0 1rem; }
figure img { max-width: 100%; height: auto; border: 1px solid var(--line); }
figcaption, .faint { color: var(--faint); }
.good { color: var(--good); }
.bad { color: var(--bad); }
.warn { color: var(--warn); }
.alarm { border: 2px solid var(--bad); padding: .6rem .8rem; border-radius: 4px; }
"""
