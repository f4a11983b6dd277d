"""
Finds past lessons like the present situation, in a chromadb index beside the ledger.

The index is a copy: the ledger's rows are the truth, and an index that is missing, broken
or out of step is built again from them. It refuses to hand out a lesson that was not known
yet at the asked time, and it never ends a cycle: without a usable index there are no lessons,
and `note` says why. chromadb is not imported before there is a lesson to look for.
"""

import logging
import shutil
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import RLock
from typing import Any, NamedTuple

from memory.ranking import Candidate, ranked
from memory.seal import is_sealed, seal
from records.errors import LedgerError
from records.lesson import Lesson, Said

_LOG = logging.getLogger(__name__)
_COLLECTION = "situations-{}"
_SPACE = {"space": "cosine", "ef_construction": 200, "ef_search": 1_000}
"""Far above the defaults: what is found must not hang on how the graph was built."""
_GENERATION = "index-{:06d}"
_EDITION = "edition"
_BATCH = 500
_INCLUDED = ["metadatas", "distances"]
_CANDIDATES = 6
"""Looked at first for each case wanted: some are one case, some without a result."""
_MOST_CANDIDATES = 480
_OF_SITUATION, _OF_MARKET = 0.8, 0.2
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
FARTHEST = 0.4
_FARTHEST_SITUATION = 1 - (1 - FARTHEST - _OF_MARKET) / _OF_SITUATION
"""Cosine distance beyond which a situation is another one; 0 is the same wording and market."""


@dataclass(frozen=True, slots=True)
class Embedding:
    """What turns situations into vectors; made only when a store is opened."""

    name: str
    """Part of the collection's name: 3 to 60 letters, digits, dots and hyphens."""
    make: Callable[[], Any]


def _hashed() -> Any:
    from memory.embedding import HashedWords

    return HashedWords()


def openai_embedding(model: str, base_url: str | None = None) -> Embedding:
    """OpenAI's model of that name."""

    def make() -> Any:
        from memory.openai_embedding import OpenAIWords

        return OpenAIWords(model, base_url)

    return Embedding(f"openai-{model}"[:60], make)


HASHED = Embedding("hash", _hashed)
_UNTOLD: Mapping[str, Any] = {"decision": "", "thesis": "", "news_gist": "", "said": Said()}


class LessonMemory:
    """
    The lessons of one desk, found by likeness; safe across threads.

    `lessons_known` is how many lessons of the ledger are to be held and `lessons` are those
    rows. `edition` changes with every lesson kept or forgotten; it tells when as many lessons
    are no longer the same. Without `lessons_known` the index on disk is believed as it is.
    `ids` and `of` give the lessons' ids, and some of them by id, so that one more lesson does not
    cost reading all.
    """

    def __init__(
        self,
        folder: Path,
        *,
        lessons_known: Callable[[], int] | int | None = None,
        lessons: Callable[[], Iterable[Lesson]] = tuple,
        edition: Callable[[], str] | None = None,
        ids: Callable[[], Collection[str]] | None = None,
        of: Callable[[Sequence[str]], Iterable[Lesson]] | None = None,
        half_life_days: float = 90.0,
        embedding: Embedding = HASHED,
    ) -> None:
        self.note: str | None = None
        self._folder = folder
        self._known = lessons_known
        self._lessons = lessons
        self._edition = edition
        self._ids = ids
        self._of = of
        self._half_life_days = half_life_days
        self._embedding = embedding
        self._client: Any = None
        self._made: Any = None
        self._collection: Any = None
        self._checked = False
        self._sound = False
        self._lock = RLock()

    def add(self, lesson: Lesson) -> str | None:
        """Index one lesson; a lesson already there is replaced. Returns a note on trouble."""
        with self._lock:
            return self._guarded(lambda: self._insert([lesson]))

    def recall(
        self, situation: str, symbols: Collection[str], before: datetime, limit: int
    ) -> tuple[Lesson, ...]:
        """Lessons learned before that time, those on these markets first, then the most alike."""
        with self._lock:
            if not symbols or limit < 1:
                return ()
            found: list[Lesson] = []

            def look() -> None:
                if self._worth_opening():
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
        """Let go of the files, and note what they are."""
        with self._lock:
            opened = self._client is not None and self._sound
            self._let_go()
            if opened and (generations := self._generations()):
                with suppress(OSError):  # then it is built again the next time
                    seal(generations[-1])

    def _let_go(self) -> None:
        self._sound = False
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
                self._sound = False
                return self._say(f"No lessons in this cycle: the index failed ({_named(again)}).")
            return self._say(f"The lesson index could not be read ({_named(fault)}). {built}")
        return None

    def _build(self, lessons: Iterable[Lesson]) -> str:
        """
        Index into a new folder, then remove the old ones.

        A new one because chromadb keeps a store that failed to open for the whole process.
        """
        rows = list(lessons)
        self._let_go()
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
        edition = self._edition() if self._edition else None
        if known is None or (collection.count() == known and self._noted() == edition):
            return
        wanted = self._wanted_ids()
        held = set(collection.get(include=[])["ids"])
        if held and (held.isdisjoint(wanted) or held == wanted):
            built = self._build(self._lessons())
            self._say(f"The lesson index was not of this ledger's {known} lessons. {built}")
        else:
            self._remove(sorted(held - wanted))
            self._insert(self._rows_of(wanted - held))
        if edition is not None:
            (self._folder / _EDITION).write_text(edition)

    def _wanted_ids(self) -> set[str]:
        return set(self._ids() if self._ids else (one.lesson_id for one in self._lessons()))

    def _rows_of(self, missing: Collection[str]) -> list[Lesson]:
        if self._of is not None:
            return list(self._of(sorted(missing)))
        return [lesson for lesson in self._lessons() if lesson.lesson_id in missing]

    def _noted(self) -> str | None:
        """The edition the index was last brought to."""
        try:
            noted = (self._folder / _EDITION).read_text(encoding="utf-8")
        except (OSError, ValueError):
            return None
        return noted[:200] if self._edition else None

    def _say(self, note: str) -> str:
        _LOG.warning(note)
        self.note = note
        return note

    def _opened(self) -> Any:
        if self._collection is None:
            generations = self._generations()
            if generations and not is_sealed(generations[-1]):
                raise ValueError("its files are not as they were left")
            self._open(generations[-1] if generations else self._next_generation([]))
        return self._collection

    def _generations(self) -> list[Path]:
        """The index folders, oldest first; only the newest is read."""
        found = self._folder.glob("index-" + "[0-9]" * 6)
        return sorted(path for path in found if path.is_dir())

    def _next_generation(self, old: Sequence[Path]) -> Path:
        newest = old[-1].name.partition("-")[2] if old else "0"
        return self._folder / _GENERATION.format(int(newest) + 1)

    def _open(self, folder: Path) -> None:
        from chromadb import PersistentClient
        from chromadb.config import Settings

        folder.mkdir(parents=True, exist_ok=True)
        self._client = PersistentClient(
            path=str(folder), settings=Settings(anonymized_telemetry=False)
        )
        wanted = _COLLECTION.format(self._embedding.name)
        self._made = self._embedding.make()
        self._collection = self._client.get_or_create_collection(
            wanted, embedding_function=self._made, configuration={"hnsw": dict(_SPACE)}
        )
        for other in self._client.list_collections():
            if other.name != wanted:  # vectors of another embedding are never compared with these
                self._client.delete_collection(other.name)
        self._sound = True

    def _insert(self, lessons: Sequence[Lesson]) -> None:
        collection = self._opened()
        for start in range(0, len(lessons), _BATCH):
            batch = lessons[start : start + _BATCH]
            collection.upsert(
                ids=[lesson.lesson_id for lesson in batch],
                embeddings=self._vectors(batch),
                metadatas=[_filed(lesson) for lesson in batch],
            )

    def _remove(self, lesson_ids: Sequence[str]) -> None:
        for start in range(0, len(lesson_ids), _BATCH):
            self._opened().delete(ids=list(lesson_ids[start : start + _BATCH]))

    def _query(
        self, situation: str, symbols: Collection[str], before: datetime, limit: int
    ) -> list[Lesson]:
        """
        Those that count among the nearest, looking farther until there are enough cases.

        The last of the found are left out while there are more, so that no tie is cut in two:
        which of many equally near ones an index gives hangs on how it was built.
        """
        if not (held := self._opened().count()):
            return []
        vector = self._made([situation])[0]
        earlier, read = None, dict[str, Lesson]()
        wanted = _CANDIDATES * limit
        while True:
            answer = self._collection.query(
                query_embeddings=[vector], n_results=wanted, where=earlier, include=_INCLUDED
            )
            found = _candidates(answer, symbols, read)
            if earlier is None and any(one.lesson.learned_at >= before for one in found):
                # only now, because a filter costs more than all the rest
                earlier = {"learned_at_us": {"$lt": _microseconds(before)}}
                continue
            whole = len(answer["distances"][0]) < min(wanted, held) or wanted >= held
            far = bool(answer["distances"][0]) and answer["distances"][0][-1] > _FARTHEST_SITUATION
            last = round(answer["distances"][0][-1], 6) if answer["distances"][0] else 0.0
            sure = [one for one in found if whole or far or one.distance < last]
            lessons = ranked(
                [one.candidate for one in sure], symbols, before, self._half_life_days, limit
            )
            if whole or far or len(lessons) == limit or wanted >= _MOST_CANDIDATES:
                return list(lessons)
            wanted *= 4

    def _vectors(self, lessons: Sequence[Lesson]) -> list[Any]:
        return list(self._made([lesson.situation for lesson in lessons]))


class _Found(NamedTuple):
    """A lesson with the distance of its situation alone."""

    distance: float
    candidate: Candidate

    @property
    def lesson(self) -> Lesson:
        return self.candidate.lesson


def _candidates(answer: Any, symbols: Collection[str], read: dict[str, Lesson]) -> list[_Found]:
    """What is near enough; a fifth of the likeness is the market's own. `read` was read before."""
    found = []
    columns = answer["ids"][0], answer["distances"][0], answer["metadatas"][0]
    for name, raw, filed in zip(*columns, strict=True):
        distance = round(raw, 6)
        likeness = _OF_SITUATION * (1 - distance) + _OF_MARKET * (filed["symbol"] in symbols)
        if likeness >= 1 - FARTHEST:
            if name not in read:
                read[name] = Lesson.model_validate_json(filed["lesson"])
            found.append(_Found(distance, Candidate(likeness, read[name])))
    return found


def inert(lesson: Lesson) -> Lesson:
    """The lesson without a word of an agent or a feed; its sentence tells figures."""
    return lesson.model_copy(update=_UNTOLD)


def _filed(lesson: Lesson) -> dict[str, str | int]:
    """What the index keeps: no word of a model or a feed is among it."""
    return {
        "symbol": lesson.symbol,
        "learned_at_us": _microseconds(lesson.learned_at),
        "lesson": inert(lesson).model_dump_json(),
    }


def _microseconds(at: datetime) -> int:
    return (at - _EPOCH) // _MICROSECOND


def _faults() -> tuple[type[Exception], ...]:
    """What a broken store raises: chromadb's own errors, bad rows, bad files."""
    from chromadb.errors import ChromaError

    # AttributeError: what chromadb raises for a store that already failed in this process
    return ChromaError, LedgerError, ValueError, KeyError, TypeError, AttributeError, OSError


def _named(fault: Exception) -> str:
    return f"{type(fault).__name__}: {str(fault)[:120]}"
