"""
Which values are secret: every SecretStr of the settings, and what the environment calls so.

It only collects them for the redactor. Clients take theirs from the settings, and a key that
stands in neither place, such as one in a cloud's own credentials file, is not known here.
"""

import os
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, unquote, urlsplit

from crew.home import CHECKOUT
from records.redaction import Redactor

if TYPE_CHECKING:
    from pydantic import BaseModel

DOTENV = CHECKOUT / ".env"
_LONGEST_DOTENV = 1_000_000

_BETWEEN_WORDS = re.compile(r"[^A-Z0-9]+")
_SECRET_WORD = re.compile(
    r".*(?:KEY|TOKEN|SECRET|PASSWORD|PASSWD|PASSPHRASE|CREDENTIAL)S?\d*"
    r"|(?:O?AUTH\d*|AUTHORIZATION|BEARER|JWT|COOKIE|PASS|PAT|MNEMONIC|SIGNATURE|CANARY\d*)"
)
_SECRET_ADDRESS = {"WEBHOOK", "DSN"}
"""Who knows such an address may use it."""

_HARMLESS_END = {
    *("PATH", "FILE", "DIR", "FOLDER", "SOCK", "SOCKET", "HOST", "PORT", "TYPE", "MODE", "METHOD"),
    *("NAME", "USER", "USERNAME", "EMAIL", "REGION", "ALGORITHM", "TTL", "AT"),
}
_ADDRESS = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^\s\"'<>,]+")


def redactor_for(
    settings: "BaseModel | None" = None, environment: Mapping[str, str] = os.environ
) -> Redactor:
    """One that knows every secret of these settings and this environment."""
    found = [*_of_environment(environment)]
    if settings is not None:
        found += _of_settings(settings)
    return Redactor(found)


def redactor_without_settings(env_file: Path | None = None) -> Redactor:
    """
    One for commands that load no settings: it knows the environment and what .env would add.

    A fault in .env is no reason to fail here; what can be read of it is known.
    """
    try:
        with (env_file or DOTENV).open(encoding="utf-8", errors="surrogateescape") as file:
            text = file.read(_LONGEST_DOTENV)
    except OSError:
        text = ""
    found = [*_of_environment(os.environ)]
    for values in _assigned(text.removeprefix("\ufeff")):
        found += _of_environment(values)
    return Redactor(found)


def _assigned(text: str) -> Iterator[Mapping[str, str]]:
    """What a text in the form of .env sets, as it stands and with its references resolved."""
    from io import StringIO

    from dotenv import dotenv_values

    for resolved in (False, True) if text else ():
        values = dotenv_values(stream=StringIO(text), interpolate=resolved)
        yield {name: value for name, value in values.items() if value}


def named_secret(name: str) -> bool:
    """Whether a variable or a parameter of this name holds a secret, as far as names tell."""
    words = _BETWEEN_WORDS.split(name.upper())
    if words[-1] in _HARMLESS_END:
        return False
    return any(map(_SECRET_WORD.fullmatch, words)) or (len(words) > 1 and "PWD" in words)


def _of_environment(environment: Mapping[str, str]) -> Iterator[str]:
    for name, value in environment.items():
        yield from _in_addresses(value)
        if _tells(name, value):
            yield value


def _tells(name: str, value: str) -> bool:
    """Whether a variable's whole value is a secret; of an address only parts are, as a rule."""
    if _ADDRESS.match(value):
        return not _SECRET_ADDRESS.isdisjoint(_BETWEEN_WORDS.split(name.upper()))
    return named_secret(name) and not os.path.exists(value)  # noqa: PTH110  any text, no path


def _of_settings(value: Any) -> Iterator[str]:
    """Every secret below this value, whatever holds it."""
    from pydantic import BaseModel, SecretBytes, SecretStr

    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, SecretBytes):
        yield value.get_secret_value().decode("utf-8", "surrogateescape")
    elif isinstance(value, str):
        yield from _in_addresses(value)
    else:
        inner: Any = ()
        if isinstance(value, BaseModel):
            inner = [getattr(value, name) for name in type(value).model_fields]
        elif isinstance(value, Mapping):
            inner = value.values()
        elif isinstance(value, list | tuple | set | frozenset):
            inner = value
        for one in inner:
            yield from _of_settings(one)


def _in_addresses(text: str) -> Iterator[str]:
    """Passwords of addresses, names that stand in for one, and parameters named like a key."""
    for address in _ADDRESS.findall(text) if "://" in text else ():
        try:
            parts = urlsplit(address)
        except ValueError:  # no address after all
            continue
        credentials = parts.netloc.rpartition("@")[0]
        name, _, password = credentials.partition(":")
        yield from {password or name, unquote(password or name)}
        yield from (v for k, v in parse_qsl(parts.query) if named_secret(k))
