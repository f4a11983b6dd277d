"""The crontab line: absolute paths, so that it works in cron's bare environment."""

import shlex
import sys
from pathlib import Path

from crew.home import CHECKOUT


def crontab_line(home: Path, minutes: int) -> str:
    """Run a cycle every few minutes, ended after five, with its log beside the ledger."""
    command = Path(sys.executable).parent / "run_crew"
    log = home / "logs" / "cron.log"
    log.parent.mkdir(parents=True, exist_ok=True)
    home_setting = f"DESK_HOME={shlex.quote(str(home))} " if home != CHECKOUT / "state" else ""
    line = (
        f"*/{minutes} * * * * {home_setting}timeout 300 {shlex.quote(str(command))} "
        f"</dev/null >>{shlex.quote(str(log))} 2>&1"
    )
    return line.replace("%", r"\%")  # to cron a bare % is the end of the line
