"""
All runs of the proof: every point of every seed and fault, three kinds of second kill.

The points of a seed and fault are numbered by a run in which nobody is killed; a recovery's
by the variant without a second kill. Workers share nothing: each has its own venue, folder
and part of the seeds.
"""

import gc
import os
import shutil
import subprocess
import sys
import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from time import perf_counter

from records.base import Record
from tests.crash.client import connected
from tests.crash.life import Place
from tests.crash.path import Build
from tests.crash.run import SECONDS, Bench, Outcome, Run, second_kill
from tests.crash.script import Fault
from tools.ledger.ledger import Ledger

ROOT = Path(__file__).parents[2]


MEMORY = Path("/dev/shm")
"""Where there is such a folder: a SIGKILL takes nothing that was written, disk or not."""


class Part(Record):
    """A seed under one fault."""

    seed: int
    fault: Fault


class Scale(Record):
    """How much of the proof is run."""

    seeds: tuple[int, ...]
    faults: tuple[Fault, ...]
    points: int | None = None
    """At most so many points of a part, spread over it; None: all."""
    jobs: int = 2


@contextmanager
def scratch() -> Iterator[Path]:
    """A folder with template.db in it, an empty ledger."""
    where = MEMORY if os.access(MEMORY, os.W_OK) else None
    with TemporaryDirectory(prefix="crash-", dir=where) as name:
        Ledger(Path(name) / "template.db").open().close()
        yield Path(name)


def run_all(scale: Scale, build: Build) -> tuple[list[Outcome], float]:
    """Every outcome, and the seconds it took."""
    began = perf_counter()
    parts = [Part(seed=seed, fault=fault) for seed in scale.seeds for fault in scale.faults]
    with scratch() as folder:
        workers = [
            _worker(parts[number :: scale.jobs], scale, build, folder, number)
            for number in range(scale.jobs)
        ]
        failed = [os.waitpid(worker, 0)[1] for worker in workers]
        if any(failed):
            raise SystemExit("A worker of the crash proof failed; nothing is proven.")
        outcomes = [
            Outcome.model_validate_json(line)
            for number in range(scale.jobs)
            for line in (folder / f"{number}.jsonl").read_bytes().splitlines()
        ]
    return outcomes, perf_counter() - began


def _worker(parts: Sequence[Part], scale: Scale, build: Build, folder: Path, number: int) -> int:
    """A process that runs these parts and writes their outcomes to a file."""
    child = os.fork()
    if child:
        return child
    log, status = folder / f"{number}.jsonl", 1
    try:
        with (
            bench(folder, build, str(number)) as own,
            log.open("wb") as lines,
        ):
            own.warm_up()
            gc.collect()
            gc.freeze()  # children are forked from here: their collector copies nothing
            for part in parts:
                for outcome in runs_of(own, part, scale.points):
                    lines.write(outcome.model_dump_json().encode() + b"\n")
        status = 0
    except BaseException:  # noqa: BLE001 - this process ends here, whatever it was
        traceback.print_exc()
    finally:
        os._exit(status)


@contextmanager
def bench(folder: Path, build: Build, name: str) -> Iterator[Bench]:
    """A bench with a venue of its own; the folder must hold template.db."""
    own = folder / name
    own.mkdir()
    socket = str(own / "venue")
    venue = subprocess.Popen(
        [sys.executable, "-m", "tests.crash.server", socket],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    assert venue.stdout is not None
    try:
        assert venue.stdout.readline() == b"open\n", "the venue did not start"
        place = Place(Ledger(own / "ledger.db"), build, partial(connected, socket))
        yield Bench(folder / "template.db", place, socket)
    finally:
        venue.communicate()
        shutil.rmtree(own)


def runs_of(own: Bench, part: Part, points: int | None) -> Iterator[Outcome]:
    """The run that nobody kills, then three for each of its points."""
    calm = own.run(Run(seed=part.seed, fault=part.fault))
    yield calm
    for kill_at in _chosen(part, len(calm.points), points):
        yield from _runs_at(own, part, kill_at)


def _runs_at(own: Bench, part: Part, kill_at: int) -> Iterator[Outcome]:
    recovery = 0
    for second in SECONDS:
        run = Run(seed=part.seed, fault=part.fault, kill_at=kill_at, second=second)
        if second != "none":
            run = run.model_copy(update={"kill_again_at": second_kill(run, recovery)})
        outcome = own.run(run)
        recovery = recovery or len(outcome.recovery_points)
        yield outcome


def _chosen(part: Part, there_are: int, at_most: int | None) -> Sequence[int]:
    numbers = range(1, there_are + 1)
    if at_most is None or at_most >= there_are:
        return numbers
    return Random(f"{part.seed} {part.fault}").sample(numbers, there_are)[:at_most]
