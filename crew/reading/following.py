"""
A transcript while it is written: each entry as its line appears, until the cycle ends.

It only reads. A cycle that was killed leaves no ending; when nobody holds the desk's lock any
more, no further line will come.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from time import sleep

from crew.reading.entries import Entry, Teller
from crew.reading.speakers import Speakers
from crew.reading.story import taken
from crew.transcript import Chain

_POLL_S = 0.2
_AT_ONCE = 1024 * 1024


class Following:
    """Entries of one file as it grows; `chain` has checked every line that was given out."""

    def __init__(
        self,
        path: Path,
        *,
        runs: Callable[[], bool],
        speakers: Speakers,
        pause: Callable[[float], None] = sleep,
    ) -> None:
        """`runs` says whether a cycle may still write to it."""
        self.chain = Chain()
        self._path = path
        self._runs = runs
        self._speakers = speakers
        self._pause = pause
        self._teller = Teller()

    def entries(self) -> Iterator[Entry]:
        """Every entry that there is, and every one that comes."""
        for line in self._lines():
            row = taken(self.chain, line)
            self._speakers.learn([row])
            if self._speakers.among(row):
                yield self._teller.entry(row)
            if row["kind"] == "ending":
                return

    def _lines(self) -> Iterator[bytes]:
        begun = b""
        with self._path.open("rb") as file:
            while True:
                ran = self._runs()  # asked before reading: what was written before is still read
                while new := file.read(_AT_ONCE):
                    *lines, begun = (begun + new).split(b"\n")
                    yield from (line + b"\n" for line in lines)
                if not ran:
                    break
                self._pause(_POLL_S)
        if begun:
            yield begun
