"""The rules every record keeps: frozen, no unknown fields, decimal money, aware UTC times."""

import re
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    WithJsonSchema,
)

_PLAIN_DECIMAL = re.compile(r"-?[0-9]{1,60}(\.[0-9]{1,60})?", re.ASCII)


def plain(value: Decimal) -> str:
    """Write a decimal without exponent, digit for digit."""
    return format(value, "f")


def in_utc(value: datetime) -> datetime:
    """The same instant, in UTC."""
    return value.astimezone(UTC)


def number(value: Any) -> Any:
    """Refuse what only looks like a number, and what could be written but not read again."""
    if isinstance(value, bool):
        raise ValueError("a boolean is not a number")
    if isinstance(value, int | float | Decimal):
        text = plain(Decimal(str(value)))
    elif isinstance(value, str):
        text = value
    else:
        return value
    if not _PLAIN_DECIMAL.fullmatch(text):
        raise ValueError("write the number as a plain decimal")
    return value


def figure(value: Any) -> Any:
    """Refuse what only looks like a number; how large it is is judged later."""
    if isinstance(value, bool):
        raise ValueError("a boolean is not a number")
    if isinstance(value, str) and not _PLAIN_DECIMAL.fullmatch(value):
        raise ValueError("write the number as a plain decimal")
    return value


def printable(text: str) -> str:
    """The text in one line, without characters that print nothing; it may not be empty then."""
    if not (text.isascii() and text.isprintable()):
        text = "".join(_shown(character) for character in text)
    if not (clean := " ".join(text.split())):
        raise ValueError("the text is empty")
    return clean


def _shown(character: str) -> str:
    return " " if unicodedata.category(character) in _UNSEEN else character


_UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})

Prose = Annotated[str, AfterValidator(printable)]
"""Free text of a model: never a control character, so never a second line of a log."""

Amount = Annotated[
    Decimal,
    BeforeValidator(number),
    Field(allow_inf_nan=False),
    PlainSerializer(plain, return_type=str, when_used="json"),
]
"""Any money, price or quantity; a decimal string in JSON."""

PositiveAmount = Annotated[Amount, Field(gt=0)]
Figure = Annotated[
    Decimal,
    BeforeValidator(figure),
    Field(allow_inf_nan=False),
    PlainSerializer(plain, return_type=str, when_used="json"),
    WithJsonSchema({"type": "number"}, mode="validation"),
]
"""A number as somebody wrote it: well-formed, and not yet judged. Strings are read, not asked."""
NonNegativeAmount = Annotated[Amount, Field(ge=0)]

UtcTime = Annotated[AwareDatetime, AfterValidator(in_utc)]

Symbol = Annotated[
    str,
    Field(
        pattern=r"^[A-Z0-9]{1,20}/[A-Z0-9]{1,20}$",
        description="As in BTC/USDT.",
    ),
]

Ratio = Annotated[float, BeforeValidator(number), Field(allow_inf_nan=False)]
"""A dimensionless figure, such as a conviction or a confidence."""

Leverage = Annotated[int, BeforeValidator(number), Field(ge=1, le=125)]

Side = Literal["buy", "sell"]
PositionSide = Literal["long", "short"]
Action = Literal["open_long", "open_short", "reduce", "close", "hold"]
OPENING_ACTIONS: frozenset[str] = frozenset({"open_long", "open_short"})
Mode = Literal["paper", "testnet", "live"]


class Record(BaseModel):
    """A fact that does not change once it is written."""

    model_config = ConfigDict(frozen=True, extra="forbid")
