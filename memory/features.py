"""
What a situation consists of: its words, and its figures by the word before them.

Code writes situations in one fixed manner, so that the word before a figure names it.
"""

import re
from collections.abc import Iterator, Mapping

_TOKEN = re.compile(r"-?\d+(?:\.\d+)?|[^\W\d][\w@./-]*")
_MOST = 60


def features(text: str) -> list[str]:
    """
    Words, and figures with the word before them, rounded to one digit: like near like.

    A label is no feature without its figure: every situation has the same labels.
    """
    found: list[str] = []
    for label, figure in _read(text):
        if figure is None:
            found.append(label)
            continue
        if found and found[-1] == label:
            found.pop()
        found.append(f"{label}={figure:.0e}")
    return found


def figures(text: str) -> Mapping[str, float]:
    """The figures of a situation by name, the first of each name; at most 60."""
    found: dict[str, float] = {}
    for label, figure in _read(text):
        if figure is not None and label and abs(figure) < float("inf") and len(found) < _MOST:
            found.setdefault(label, figure)
    return found


def _read(text: str) -> Iterator[tuple[str, float | None]]:
    """
    Each word, and then its figure.

    Of several figures in a row the last one counts: `RSI 14 69.7` has its period before it.
    """
    label, figure = "", None
    for token in _TOKEN.findall(text.casefold()):
        if token.lstrip("-")[:1].isdigit():
            figure = float(token)
            continue
        if figure is not None:
            yield label, figure
        label, figure = token, None
        yield label, None
    if figure is not None:
        yield label, figure
