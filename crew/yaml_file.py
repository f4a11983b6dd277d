"""
Reads a YAML file that people edit, strictly: safe tags only, no duplicate keys, no
anchors (an alias bomb grows from a few lines), and at most 256 kB.
"""

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from records.errors import SettingsError

_MAX_BYTES = 262_144
_MAX_DEPTH = 32


class _StrictLoader(yaml.CSafeLoader):
    """Safe YAML without duplicate keys; `parsed` has refused bombs before it is used."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            if key.value in seen:
                raise yaml.MarkedYAMLError(
                    problem=f"the key {key.value!r} stands twice", problem_mark=key.start_mark
                )
            seen.add(key.value)
        return super().construct_mapping(node, deep)


def read_mapping(path: Path, *, needed: bool = True) -> dict[str, Any]:
    """The mapping in the file; raises SettingsError naming file and line."""
    try:
        raw = path.read_bytes()
    except FileNotFoundError:
        if not needed:
            return {}
        raise SettingsError(f"{path.name} is missing ({path}). Nothing was run.") from None
    except OSError as error:
        raise SettingsError(f"{path.name} cannot be read ({error.strerror}).") from None
    if len(raw) > _MAX_BYTES:
        raise SettingsError(f"{path.name} is larger than {_MAX_BYTES} bytes. Nothing was run.")
    found = parsed(raw, path.name)
    if found is None:
        return {}
    if not isinstance(found, dict) or not all(isinstance(key, str) for key in found):
        raise SettingsError(f"{path.name} must hold `name: value` lines at its top level.")
    return found


def parsed(text: bytes | str, source: str) -> Any:
    """One YAML document, strictly; raises SettingsError naming the source and the line."""
    try:
        _refuse_bombs(text)
        return yaml.load(text, Loader=_StrictLoader)  # noqa: S506 - a SafeLoader, made stricter
    except yaml.YAMLError as error:
        raise SettingsError(f"{source} is not valid YAML: {_where(error)}.") from None
    except (ValueError, TypeError) as error:
        raise SettingsError(f"{source} holds a value that cannot be read: {error}.") from None


def _refuse_bombs(text: bytes | str) -> None:
    """No aliases, and no nesting that would end the C loader by overflowing its stack."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.CSafeLoader):
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if isinstance(event, yaml.AliasEvent) or depth > _MAX_DEPTH:
            raise yaml.MarkedYAMLError(
                problem="it is nested too deeply"
                if depth > _MAX_DEPTH
                else "aliases (*name) are not allowed",
                problem_mark=event.start_mark,  # type: ignore[arg-type] # the C parser's
            )


def did_you_mean(name: str, allowed: Iterable[str]) -> str:
    """`Did you mean 'x'? Allowed: ...`, or only what is allowed."""
    names = sorted(allowed)
    close = difflib.get_close_matches(name, names, n=1)
    guess = f"Did you mean {close[0]!r}? " if close else ""
    return f"{guess}Allowed: {', '.join(names)}."


def _where(error: yaml.YAMLError) -> str:
    if isinstance(error, yaml.MarkedYAMLError) and error.problem_mark is not None:
        mark = error.problem_mark
        return f"line {mark.line + 1}, column {mark.column + 1}: {error.problem or error.context}"
    return " ".join(str(error).split())[:200]
