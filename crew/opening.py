"""
How commands open the desk, and the words that several of them take.

What a command prints of recorded cycles may repeat what models and YAML said: errors are made
visible here, so that none steers the terminal.
"""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from crew.home import named_folder, refuse_other_folder, state_folder
from crew.visible import visible
from records.errors import SettingsError, TradingError

if TYPE_CHECKING:
    from crew.desk import Desk
    from crew.settings import Settings


def settings_and_home(flags: dict[str, Any] | None = None) -> "tuple[Settings, Path]":
    """Settings and state folder, which both ways to read .env must agree on."""
    from crew.settings import load_settings

    used = named_folder()
    settings = load_settings(flags)
    refuse_other_folder(used)
    return settings, state_folder()


@contextmanager
def opened_for_recordings() -> "Iterator[Desk]":
    """The desk whose recorded cycles are asked about; its own YAML and models are not looked at."""
    from crew.desk import open_desk

    settings, home = settings_and_home()
    try:
        with open_desk(settings, home, for_crew=False) as desk:
            yield desk
    except TradingError as error:
        error.args = (visible(str(error)),)
        raise


def since_of(text: str | None, desk: "Desk") -> datetime | None:
    """The moment that `--since` names."""
    from crew.moments import moment

    return None if text is None else moment(text, desk.now(), "--since")


def file_of(file: Path | None) -> Path | None:
    """A file that an option names; raises SettingsError when it is not there."""
    if file is None:
        return None
    if not file.is_file():
        raise SettingsError(f"There is no file {str(file)!r}. Nothing was run.")
    return file.resolve()


def leave_if_stopped(desk: "Desk") -> None:
    """End the process at once after a signal, although a model may still be answering."""
    if desk.stopping.asked is not None:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)
