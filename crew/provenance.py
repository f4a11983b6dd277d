"""
What is in force, and which source said so: the answer to `desk config show`.

The sources are asked again, each by the code that `load_settings` asks them with, and the first
that names a setting is its origin. A key is told of as set or not set; its value is never shown,
and neither is a password or a token inside an address.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any, Literal, get_args

import orjson
from pydantic import BaseModel, Field, SecretStr
from pydantic_core import to_jsonable_python
from pydantic_settings import EnvSettingsSource

from crew.home import CHECKOUT
from crew.profiles import ENVIRONMENTS, PROFILES
from crew.settings import Settings, load_settings, with_model
from records.base import Record, plain

Source = Literal["flag", "variable", "dotenv", "file", "profile", "environment", "default"]
Keys = tuple[str, ...]

_WORDS: Mapping[Source, str] = {
    "variable": "environment ",
    "dotenv": ".env ",
    "profile": "profile: ",
    "environment": "environment: ",
}
_CREDENTIAL = re.compile(
    r"(?P<before>//)[^/?#\s]*@"
    r"|(?P<name>[?&][^=&#\s]*(?:key|token|secret|pass|auth|sig)[^=&#\s]*=)[^&#\s]+",
    re.I,
)


class Origin(Record):
    """Who set a value: the kind of source, and the variable, file or profile by its name."""

    source: Source
    named: str | None = None

    def __str__(self) -> str:
        return _WORDS.get(self.source, "") + (self.named or self.source)


class Effective(Record):
    """One setting as it is in force."""

    name: str = Field(description="With its section, such as risk.max_leverage.")
    value: Any = Field(description="As in JSON; of a key: set, or not set.")
    default: Any
    changed: bool = Field(description="Not what it would be if nobody had set anything.")
    origin: Origin

    @property
    def section(self) -> str:
        return self.name.partition(".")[0] if "." in self.name else ""


def effective(
    flags: Mapping[str, Any] | None = None, *, env_file: Path | None = CHECKOUT / ".env"
) -> tuple[Effective, ...]:
    """Every setting that `load_settings` gives, with its origin."""
    before = frozenset(os.environ)
    settings = load_settings(flags, env_file=env_file)
    origins = _Origins(settings, dict(flags or {}), before)
    defaults = dict(_leaves(Settings.model_construct()))
    return tuple(
        Effective(
            name=".".join(path),
            value=_shown(path, value),
            default=_shown(path, defaults.get(path)),
            changed=value != defaults.get(path),
            origin=origins.of(path),
        )
        for path, value in _leaves(settings)
    )


def settings_file() -> str:
    """The settings file in force, from the checkout where it lies in it."""
    file = Settings.yaml_file
    return str(file.relative_to(CHECKOUT) if file.is_relative_to(CHECKOUT) else file)


class _Origins:
    """The sources of these settings, strongest first."""

    def __init__(self, settings: Settings, flags: dict[str, Any], before: frozenset[str]) -> None:
        self._before = before
        self._sources: tuple[tuple[Mapping[str, Any], Origin | None], ...] = (
            (flags, Origin(source="flag")),
            (with_model(dict(flags)), self._from("MODEL")),
            (EnvSettingsSource(Settings)(), None),
            (Settings.in_file(), Origin(source="file", named=settings_file())),
            (PROFILES[settings.profile], Origin(source="profile", named=settings.profile)),
            (
                ENVIRONMENTS[settings.environment],
                Origin(source="environment", named=settings.environment),
            ),
        )

    def of(self, path: Keys) -> Origin:
        """The strongest source that names it."""
        for values, origin in self._sources:
            if _names(values, path):
                return origin or self._from(_variable(path))
        return Origin(source="default")

    def _from(self, variable: str) -> Origin:
        source: Source = "variable" if variable in self._before else "dotenv"
        return Origin(source=source, named=variable)


def _variable(path: Keys) -> str:
    """The variable that holds it: its own, else that of a part it belongs to, as JSON."""
    spelt = {name.upper(): name for name in os.environ}
    wanted = ("__".join(("DESK_" + path[0], *path[1:end])) for end in range(len(path), 0, -1))
    return next(spelt[name.upper()] for name in wanted if name.upper() in spelt)


def _names(values: Any, path: Keys) -> bool:
    for part in path:
        if not isinstance(values, Mapping) or part not in values:
            return False
        values = values[part]
    return True


def _leaves(found: Any, path: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    """Every value that is no section and no map, by its path."""
    if isinstance(found, BaseModel):
        found = {name: getattr(found, name) for name in type(found).model_fields}
    if isinstance(found, Mapping) and (found or not path):
        for name, inner in found.items():
            yield from _leaves(inner, (*path, str(name)))
    else:
        yield path, found


def _secret_paths(model: type[BaseModel], path: Keys = ()) -> Iterator[Keys]:
    for name, field in model.model_fields.items():
        kind = field.annotation
        if isinstance(kind, type) and issubclass(kind, BaseModel):
            yield from _secret_paths(kind, (*path, name))
        elif SecretStr in (kind, *get_args(kind)):
            yield (*path, name)


_SECRETS = frozenset(_secret_paths(Settings))


def _shown(path: Keys, value: Any) -> Any:
    if path in _SECRETS:
        given = isinstance(value, SecretStr) and value.get_secret_value().strip()
        return "set" if given else "not set"
    return _without_credentials(plain(value) if isinstance(value, Decimal) else value)


def _without_credentials(value: Any) -> Any:
    if isinstance(value, str):
        return _CREDENTIAL.sub(lambda hit: f"{hit['before'] or hit['name']}…", value)
    if isinstance(value, tuple):
        return [_without_credentials(one) for one in value]
    return to_jsonable_python(value)


def as_document(settings: Sequence[Effective]) -> str:
    """The same as one JSON document."""
    rows = [one.model_dump(mode="json") for one in settings]
    document = {"file": settings_file(), "settings": rows}
    return orjson.dumps(document, option=orjson.OPT_INDENT_2).decode()


def as_text(settings: Sequence[Effective]) -> str:
    """A table for each section: setting, value, origin."""
    wide = max((len(one.name.removeprefix(f"{one.section}.")) for one in settings), default=0)
    lines = [f"settings file  {settings_file()}"]
    for section in dict.fromkeys(one.section for one in settings):
        lines += ["", section or "the desk"]
        lines += _rows([one for one in settings if one.section == section], wide)
    return "\n".join(lines)


def _rows(settings: Iterable[Effective], wide: int) -> Iterator[str]:
    for one in settings:
        name = one.name.removeprefix(f"{one.section}.")
        yield f"  {name:<{wide}}  {_words(one.value):<20}  {one.origin}"


def _words(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_words, value)) or "none"
    if isinstance(value, bool):
        return str(value).lower()
    return "null" if value is None else "{}" if value == {} else str(value)
