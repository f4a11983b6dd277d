"""The crontab line: absolute paths, so that it works in cron's bare environment."""

import math
import shlex
import sys
from pathlib import Path

from crew.home import CHECKOUT

_START_S = 30


def crontab_line(home: Path, minutes: int, *, longest_cycle_s: float) -> str:
    """Run a cycle every few minutes, with its log beside the ledger; one that hangs is ended."""
    command = Path(sys.executable).parent / "run_crew"
    log = home / "logs" / "cron.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    home_setting = f"DESK_HOME={shlex.quote(str(home))} " if home != CHECKOUT / "state" else ""
    timeout_s = math.ceil(longest_cycle_s) + _START_S
    line = (
        f"*/{minutes} * * * * {home_setting}timeout {timeout_s} {shlex.quote(str(command))} "
        f"</dev/null >>{shlex.quote(str(log))} 2>&1"
    )
    return line.replace("%", r"\%")  # to cron a bare % is the end of the line
