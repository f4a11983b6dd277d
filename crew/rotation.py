"""
How many recordings stay: the oldest go first, and never one that is to be kept.

What each takes is noted in the cache, so that a cycle looks at its own folder alone.
"""

import re
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import orjson

from crew.sections import RecordingSettings
from records.ids import CYCLE_ID

_RECORDING = re.compile(CYCLE_ID + r"(\.left-[0-9]+)?", re.ASCII)
"""A cycle's id, or what an unfinished one left."""


def make_room(newest: Path, noted: Path, settings: RecordingSettings) -> tuple[str, ...]:
    """
    Remove the oldest recordings beyond the limits; returns which. Raises OSError.

    Whatever else lies there, and every symlink, is neither counted nor removed.
    `noted` is the file with the size of each; it is made anew when it is lost.
    """
    folder = newest.parent
    known = _known(noted)
    found = sorted(one.name for one in folder.iterdir() if _is_recording(one))
    sizes = {name: known.get(name) or _bytes(folder / name) for name in found}
    sizes[newest.name] = _bytes(newest)
    gone = tuple(_beyond(sizes, settings, newest.name))
    for name in gone:
        shutil.rmtree(folder / name)
        del sizes[name]
    noted.parent.mkdir(exist_ok=True)
    noted.write_bytes(orjson.dumps(sizes))
    return gone


def _beyond(sizes: Mapping[str, int], settings: RecordingSettings, newest: str) -> Iterator[str]:
    """The oldest that may go, until the rest is within the limits."""
    count, total = len(sizes), sum(sizes.values())
    for name, size in sizes.items():
        if count <= settings.max_cycles and total <= settings.max_mb * 1_000_000:
            return
        if name != newest and name not in settings.kept:
            yield name
            count, total = count - 1, total - size


def _is_recording(found: Path) -> bool:
    named = _RECORDING.fullmatch(found.name)
    return named is not None and found.is_dir() and not found.is_symlink()


def _known(noted: Path) -> dict[str, int]:
    """What was noted; whatever is no note counts as none."""
    try:
        found = orjson.loads(noted.read_bytes())
    except (OSError, ValueError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: size for name, size in found.items() if isinstance(size, int)}


def _bytes(folder: Path) -> int:
    return sum(file.stat().st_size for file in folder.iterdir() if file.is_file())
