"""
The drawn pictures as bytes to send, and as a line of text to keep in their place.

A transcript or recording holds what a picture was (its size and fingerprint), never its
bytes: the file is kept with the cycle. A picture that is late, too large or no PNG is left
out; the numbers stand without it.
"""

import base64
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field

from records.base import Record

_PNG = b"\x89PNG\r\n\x1a\n"
PNG_BEGINS = "iVBORw0KGgo"
"""How every PNG begins in base64."""
_ENCODED = re.compile(rf"'?(?:data:image/png;base64,)?({PNG_BEGINS}[A-Za-z0-9+/]{{40,}}={{0,2}})'?")
"""In quotes as well: CrewAI's events show what is nested deep by its repr."""
_NAMED = re.compile(r"picture of [0-9]+ bytes, sha256 [0-9a-f]{64}")


class ChartLimits(Record):
    """How many pictures a model that can see is sent, and how long they are waited for."""

    draw: Literal["always", "seen"] = Field(
        default="always",
        description="always: for people as well; seen: where a model is shown them.",
    )
    max_pictures: Annotated[int, Field(ge=0, le=20)] = Field(
        default=6, description="Pictures of a model call; 0: models get numbers alone."
    )
    max_picture_kb: Annotated[int, Field(ge=10, le=4000)] = Field(
        default=400, description="A larger picture is not sent, kilobytes."
    )
    wait_s: Annotated[float, Field(gt=0, le=60)] = Field(
        default=10.0, description="How long a model's first call waits for them, seconds."
    )


@dataclass(frozen=True, slots=True)
class Picture:
    """One market's chart as a PNG."""

    symbol: str
    file: str
    content: bytes

    @property
    def base64(self) -> str:
        return base64.b64encode(self.content).decode()

    @property
    def said(self) -> str:
        """What stands in its place where bytes have none."""
        return _said(self.content)


def read_pictures(
    drawn: Mapping[str, Path], markets: Sequence[str], limits: ChartLimits
) -> tuple[Picture, ...]:
    """The pictures of these markets, in this order, as many as may be sent."""
    found = (_read(symbol, drawn[symbol], limits) for symbol in markets if symbol in drawn)
    return tuple(picture for picture in found if picture is not None)[: limits.max_pictures]


def without_bytes(value: Any) -> Any:
    """The same message or request with a line of text for each encoded picture in it."""
    return _mapped(value, _fingerprint)


def without_pictures(value: Any) -> Any:
    """The same, and one picture is like another: releases of the drawing differ in bytes."""
    return _mapped(value, lambda text: "picture" if _is_picture(text) else text)


def _mapped(value: Any, change: Callable[[str], str]) -> Any:
    if isinstance(value, str):
        return change(value)
    if isinstance(value, Mapping):
        return {name: _mapped(inner, change) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_mapped(inner, change) for inner in value]
    return value


def _fingerprint(text: str) -> str:
    """Of a text that is an encoded picture and nothing else."""
    encoded = _ENCODED.fullmatch(text)
    return text if encoded is None else _said(base64.b64decode(encoded[1] + "=="))


def _is_picture(text: str) -> bool:
    return bool(_ENCODED.fullmatch(text) or _NAMED.fullmatch(text))


def _read(symbol: str, path: Path, limits: ChartLimits) -> Picture | None:
    most = limits.max_picture_kb * 1000
    try:
        with path.open("rb") as file:
            content = file.read(most + 1)
    except OSError:
        return None
    if len(content) > most or not content.startswith(_PNG):
        return None
    return Picture(symbol, path.name, content)


def _said(content: bytes) -> str:
    return f"picture of {len(content)} bytes, sha256 {sha256(content).hexdigest()}"
