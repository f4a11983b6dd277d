"""
Another process beside the cycle: a module is run with a document as its input.

Drawing and the heavier indicators work there while this process imports CrewAI. It gets
no secret: its environment is a short list of harmless names. A file stands at both its
ends, so that neither side ever waits for the other to read.
"""

import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import IO

_ROOT = Path(__file__).resolve().parent.parent
MAX_OUTPUT_BYTES = 4_000_000
INHERITED = (
    "HOME",
    "LD_LIBRARY_PATH",
    "MPLCONFIGDIR",
    "PATH",
    "PYTHONDONTWRITEBYTECODE",
    "PYTHONHOME",
    "SYSTEMROOT",
    "TMPDIR",
)


class Worker:
    """One run of one module."""

    def __init__(self, module: str, document: bytes) -> None:
        """Start it and return at once; raises OSError when it cannot be started."""
        with ExitStack() as until_started, tempfile.TemporaryFile() as given:
            self._output: IO[bytes] = until_started.enter_context(tempfile.TemporaryFile())
            given.write(document)
            given.seek(0)
            self._process = subprocess.Popen(  # noqa: S603 - our own module, no shell
                [sys.executable, "-P", "-m", module],
                stdin=given,
                stdout=self._output,
                stderr=subprocess.DEVNULL,
                close_fds=True,
                env=environment(),
            )
            until_started.pop_all()

    def finish(self, timeout_s: float) -> tuple[list[bytes], str]:
        """Wait for it; the lines it wrote, and how it ended in words."""
        try:
            ending = f"the other process ended with code {self._process.wait(timeout_s)}"
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            ending = f"the other process was not done within {timeout_s:g} s"
        with self._output as output:
            output.seek(0)
            return output.read(MAX_OUTPUT_BYTES).splitlines(), ending


def environment() -> dict[str, str]:
    """What the other process may know of this one."""
    kept = {name: os.environ[name] for name in INHERITED if name in os.environ}
    search = [str(_ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]
    return kept | {"PYTHONPATH": os.pathsep.join(search), "OPENBLAS_NUM_THREADS": "1"}
