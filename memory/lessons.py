"""
Finds past lessons like the present situation, in a chromadb index beside the ledger.

The index is a copy: the ledger's rows are the truth, and an index that is missing, broken
or out of step is built again from them. It refuses to hand out a lesson that was not known
yet at the asked time, and it never ends a cycle: without a usable index there are no lessons,
and `note` says why. chromadb is not imported before there is a lesson to look for.
"""

import logging
import shutil
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import RLock
from typing import Any

from records.lesson import Lesson

_LOG = logging.getLogger(__name__)
_COLLECTION = "lessons"
_GENERATION = "index-{:06d}"
_BATCH = 500
_CANDIDATES = 5  # asked for each one wanted, so that ties fall the same way every time
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
FARTHEST = 0.5
"""Cosine distance beyond which a situation is another one; 0 is the same wording."""


class LessonMemory:
    """
    The lessons of one desk, found by likeness; safe across threads.

    `lessons_known` is how many the ledger holds and `lessons` are those rows. Without
    `lessons_known` the index on disk is believed as it is.
    """

    def __init__(
        self,
        folder: Path,
        *,
        lessons_known: Callable[[], int] | int | None = None,
        lessons: Callable[[], Iterable[Lesson]] = tuple,
    ) -> None:
        self.note: str | None = None
        self._folder = folder
        self._known = lessons_known
        self._lessons = lessons
        self._client: Any = None
        self._collection: Any = None
        self._checked = False
        self._lock = RLock()

    def add(self, lesson: Lesson) -> str | None:
        """Index one lesson; a lesson already there is replaced. Returns a note on trouble."""
        with self._lock:
            return self._guarded(lambda: self._insert([lesson]))

    def recall(
        self, situation: str, symbols: Collection[str], before: datetime, limit: int
    ) -> tuple[Lesson, ...]:
        """Lessons on these markets learned before that time, most alike first."""
        with self._lock:
            if not symbols or limit < 1 or not self._worth_opening():
                return ()
            found: list[Lesson] = []

            def look() -> None:
                self._in_step()
                found.extend(self._query(situation, symbols, before, limit))

            self._guarded(look)
            return tuple(found)

    def rebuild(self, lessons: Iterable[Lesson]) -> str:
        """Throw the index away and index these lessons; returns what was done, or why not."""
        with self._lock:
            try:
                return self._build(lessons)
            except _faults() as fault:
                return self._say(f"The lesson index could not be built ({_named(fault)}).")

    def count(self) -> int:
        """How many lessons the index holds; 0 without opening anything when there are none."""
        with self._lock:
            if not self._worth_opening():
                return 0
            counts: list[int] = []
            self._guarded(lambda: counts.append(self._opened().count()))
            return counts[-1] if counts else 0

    def close(self) -> None:
        """Let go of the files."""
        with self._lock:
            if self._client is not None:
                self._client.close()
            self._client = self._collection = None

    def _worth_opening(self) -> bool:
        if self._client is not None:
            return True
        known = self._lessons_known()
        return known > 0 if known is not None else bool(self._generations())

    def _lessons_known(self) -> int | None:
        return self._known() if callable(self._known) else self._known

    def _guarded(self, act: Callable[[], Any]) -> str | None:
        """Do it; on a fault build the index again and do it once more; then do without."""
        faults = _faults()
        try:
            act()
        except faults as fault:
            try:
                built = self._build(self._lessons())
                act()
            except faults as again:
                return self._say(f"No lessons in this cycle: the index failed ({_named(again)}).")
            return self._say(f"The lesson index could not be read ({_named(fault)}). {built}")
        return None

    def _build(self, lessons: Iterable[Lesson]) -> str:
        """
        Index into a new folder, then remove the old ones.

        A new one because chromadb keeps a store that failed to open for the whole process.
        """
        rows = list(lessons)
        self.close()
        old = self._generations()
        self._open(self._next_generation(old))
        self._insert(rows)
        for folder in old:
            shutil.rmtree(folder, ignore_errors=True)
        self._checked = True
        return f"It was built again from {len(rows)} lessons."

    def _in_step(self) -> None:
        """Once per process: the index must hold the ledger's lessons, no other and no fewer."""
        if self._checked:
            return
        self._checked = True
        collection = self._opened()
        known = self._lessons_known()
        if known is None or collection.count() == known:
            return
        rows = {lesson.lesson_id: lesson for lesson in self._lessons()}
        held = set(collection.get(include=[])["ids"])
        if held <= set(rows):
            self._insert([lesson for lesson_id, lesson in rows.items() if lesson_id not in held])
        else:
            built = self._build(rows.values())
            self._say(f"The lesson index held {len(held)} lessons, the ledger {known}. {built}")

    def _say(self, note: str) -> str:
        _LOG.warning(note)
        self.note = note
        return note

    def _opened(self) -> Any:
        if self._collection is None:
            generations = self._generations()
            self._open(generations[-1] if generations else self._next_generation([]))
        return self._collection

    def _generations(self) -> list[Path]:
        """The index folders, oldest first; only the newest is read."""
        return sorted(path for path in self._folder.glob("index-*") if path.is_dir())

    def _next_generation(self, old: Sequence[Path]) -> Path:
        newest = old[-1].name.partition("-")[2] if old else "0"
        return self._folder / _GENERATION.format(int(newest) + 1)

    def _open(self, folder: Path) -> None:
        from chromadb import PersistentClient
        from chromadb.config import Settings

        from memory.embedding import HashedWords

        folder.mkdir(parents=True, exist_ok=True)
        self._client = PersistentClient(
            path=str(folder), settings=Settings(anonymized_telemetry=False)
        )
        self._collection = self._client.get_or_create_collection(
            _COLLECTION,
            embedding_function=HashedWords(),
            configuration={"hnsw": {"space": "cosine"}},
        )

    def _insert(self, lessons: Sequence[Lesson]) -> None:
        collection = self._opened()
        for start in range(0, len(lessons), _BATCH):
            batch = lessons[start : start + _BATCH]
            collection.upsert(
                ids=[lesson.lesson_id for lesson in batch],
                documents=[lesson.situation for lesson in batch],
                metadatas=[_filed(lesson) for lesson in batch],
            )

    def _query(
        self, situation: str, symbols: Collection[str], before: datetime, limit: int
    ) -> list[Lesson]:
        collection = self._opened()
        if not collection.count():
            return []
        answer = collection.query(
            query_texts=[situation],
            n_results=_CANDIDATES * limit,
            where={
                "$and": [
                    {"symbol": {"$in": sorted(symbols)}},
                    {"learned_at_us": {"$lt": _microseconds(before)}},
                ]
            },
            include=["metadatas", "distances"],
        )
        pairs = zip(answer["distances"][0], answer["metadatas"][0], strict=True)
        near = [
            (round(distance, 6), Lesson.model_validate_json(filed["lesson"]))
            for distance, filed in pairs
            if distance <= FARTHEST
        ]
        near.sort(key=lambda pair: (pair[0], -_microseconds(pair[1].learned_at), pair[1].lesson_id))
        return [lesson for _, lesson in near[:limit]]


def _filed(lesson: Lesson) -> dict[str, str | int]:
    return {
        "symbol": lesson.symbol,
        "learned_at_us": _microseconds(lesson.learned_at),
        "lesson": lesson.model_dump_json(),
    }


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _faults() -> tuple[type[Exception], ...]:
    """What a broken store raises: chromadb's own errors, bad rows, bad files."""
    from chromadb.errors import ChromaError

    # AttributeError: what chromadb raises for a store that already failed in this process
    return ChromaError, ValueError, KeyError, TypeError, AttributeError, OSError


def _named(fault: Exception) -> str:
    return f"{type(fault).__name__}: {str(fault)[:120]}"
