"""
Settings that cannot be used, each refused in one message: what is wrong, what was not done,
what was probably meant.

It never repeats the value of a key, and it trusts no spelling: `MODE` is not `mode`.
"""

import difflib
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ValidationError

from crew.yaml_file import did_you_mean
from records.errors import SettingsError

SECRETS = ("api_key", "api_secret", "api_password")
"""The exchange's keys: read from the environment and .env, from nowhere else."""
NESTED_SECRETS: Mapping[str, tuple[str, ...]] = {"news": ("newsapi_key", "cryptopanic_token")}
"""Keys inside a section that are read from there as well, and from nowhere else."""

_HIDDEN = (*SECRETS, *(name for names in NESTED_SECRETS.values() for name in names))
_OTHER_VARIABLES = {"DESK_FILE", "DESK_HOME"}


def refuse_secrets(found: Mapping[str, Any], source: str) -> None:
    """A key in a file or a flag ends up in backups, histories and process lists."""
    if named := [name.lower() for name in found if name.lower() in SECRETS]:
        raise _misplaced(named[0], source, "the exchange")
    for section, secrets in NESTED_SECRETS.items():
        inner = next((part for name, part in found.items() if name.lower() == section), None)
        for name in inner if isinstance(inner, Mapping) else ():
            if str(name).lower() in secrets:
                raise _misplaced(f"{section}.{str(name).lower()}", source, "the service")


def _misplaced(name: str, source: str, issuer: str) -> SettingsError:
    variable = f"DESK_{name.upper().replace('.', '__')}"
    return SettingsError(
        f"{name} stands in {source}. It was not used and no cycle was run. Take it out, "
        f"change it at {issuer} if others could read it, and set {variable} in the "
        "environment or .env."
    )


def refuse_misspelt(found: Mapping[str, Any], source: str, settings: type[BaseModel]) -> None:
    """pydantic-settings reads `MODE` as `mode`; two spellings of one setting would compete."""
    for name in found:
        if name not in settings.model_fields and name.lower() in settings.model_fields:
            raise SettingsError(
                f"{name} in {source} is not a setting. Did you mean {name.lower()!r}? "
                "No cycle was run."
            )


def refuse_unknown_variables(environment: Mapping[str, str], settings: type[BaseModel]) -> None:
    """A misspelt DESK_ variable would be a limit that nobody enforces."""
    allowed = {f"DESK_{name.upper()}" for name in settings.model_fields} | _OTHER_VARIABLES
    whole = allowed - {f"DESK_{name.upper()}" for name in section_names(settings)}
    for name in sorted(environment):
        field, nested_in, _ = name.partition("__")
        if name.startswith("DESK_") and (field not in allowed or (nested_in and field in whole)):
            raise SettingsError(
                f"The environment variable {name} is no setting. {did_you_mean(name, allowed)} "
                "No cycle was run."
            )


def section_names(settings: type[BaseModel]) -> frozenset[str]:
    """The sections of desk.yaml, which alone have parts."""
    fields = settings.model_fields.items()
    return frozenset(name for name, field in fields if isinstance(field.default, BaseModel))


def explained(error: ValidationError, file: str, settings: type[BaseModel]) -> SettingsError:
    """All faults that pydantic found, as one error."""
    lines = [_fault(fault, settings) for fault in error.errors(include_url=False)]
    where = f"{file}, environment or flags"
    return SettingsError(f"Settings are wrong ({where}): {' '.join(lines)} No cycle was run.")


def _fault(fault: Any, settings: type[BaseModel]) -> str:
    location = [str(part) for part in fault["loc"]]
    name = ".".join(location)
    if fault["type"] == "extra_forbidden":
        allowed = _names_at(location[:-1], settings)
        close = difflib.get_close_matches(location[-1], allowed, n=1)
        guess = f" Did you mean {close[0]!r}?" if close else ""
        return f"{name} is not a setting.{guess} Allowed: {', '.join(allowed)}."
    secret = isinstance(fault["input"], dict) or location[-1] in (*_HIDDEN, "base_url")
    given = "" if secret else f" (given {str(fault['input'])[:60]!r})"
    said = fault["msg"].removeprefix("Value error, ")  # pydantic's words for a check of ours
    return f"{name}: {said}{given}."


def _names_at(location: list[str], settings: type[BaseModel]) -> list[str]:
    fields: Any = settings
    for part in location:
        field = fields.model_fields.get(part)
        if field is None or not isinstance(field.annotation, type):
            return []
        fields = field.annotation
    return sorted(getattr(fields, "model_fields", {}))
