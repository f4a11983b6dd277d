"""
`desk memory`: what past decisions taught, as the ledger keeps it, and the index made from it.

Looking needs no settings and no lock, so it works beside a running cycle. What changes
something waits for no cycle: it takes the desk's lock or says that a cycle is running. A file
from outside is read strictly, and of its words none can reach a prompt.
"""

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from crew.console import AsJson, confirm, market_now, print_json, the_ledger
from crew.home import cycle_lock, state_folder
from crew.typed_markets import meant
from crew.visible import in_one_line, visible
from records.errors import SettingsError

if TYPE_CHECKING:
    from datetime import datetime

    from records.lesson import Lesson

app = typer.Typer(no_args_is_help=True, help="Lessons of past decisions, and their index.")

_LARGEST_BYTES = 64 * 2**20
_LINE_BYTES = 16_384
_IMPORTED = "imported-"
_BUSY = "A cycle of this desk is running. Nothing was changed. Try again when it has ended."
Ids = Annotated[list[str], typer.Argument(help="Ids as `desk memory list` shows them.")]
File = Annotated[Path, typer.Argument(help="One lesson a line, as JSON.")]


@app.command("list")
def list_lessons(
    limit: Annotated[int, typer.Option(min=1, max=10_000, help="How many, newest first.")] = 20,
    symbol: Annotated[str | None, typer.Option(help="Only this market.")] = None,
    as_json: AsJson = False,
) -> None:
    """The newest lessons, a line each."""
    with the_ledger() as ledger:
        market = None if symbol is None else _market(symbol, ledger.lessons.symbols())
        found = ledger.lessons.lessons(None, limit, market)[::-1]
    if as_json:
        print_json([one.model_dump(mode="json") for one in found])
    else:
        typer.echo(visible("\n".join(map(_line, found))) or "No lesson was learned yet.")


@app.command()
def show(
    lesson_id: Annotated[str, typer.Argument(help="Its id.")], as_json: AsJson = False
) -> None:
    """One lesson, whole: the words that others wrote are shown here and to no model."""
    with the_ledger() as ledger:
        lesson = ledger.lessons.lesson(lesson_id)
    if lesson is None:
        raise SettingsError(f"There is no lesson {lesson_id[:80]!r}. `desk memory list` shows ids.")
    told = lesson.model_dump(mode="json")
    if as_json:
        print_json(told)
    else:
        shown = (f"{name}: {value}" for name, value in told.items() if value not in (None, "", {}))
        typer.echo(visible("\n".join(shown)))


@app.command()
def forget(
    lesson_ids: Ids, yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False
) -> None:
    """Leave lessons out from now on; their rows stay in the ledger."""
    with the_ledger() as ledger:
        wanted = list(dict.fromkeys(lesson_ids))
        known = ledger.lessons.known_ids()
        if missing := [one for one in wanted if one not in known]:
            raise SettingsError(f"There is no lesson {missing[0][:80]!r}. Nothing was forgotten.")
        if not yes:
            confirm(f"Forget {len(wanted)} for good?")
        with cycle_lock(state_folder(), "memory", refused=_BUSY):
            ledger.lessons.forget(wanted, market_now(ledger))
    typer.echo(f"Forgotten: {len(wanted)}.")


@app.command()
def export(file: File) -> None:
    """Write all lessons to a new file."""
    with the_ledger() as ledger:
        known = ledger.lessons.lessons(None)
    try:
        with file.open("x", encoding="utf-8") as target, _gone_if_unfinished(file):
            target.writelines(f"{one.model_dump_json()}\n" for one in known)
            target.flush()
    except OSError as error:
        raise SettingsError(f"{file} cannot be written: {error.strerror}. Name another.") from error
    typer.echo(f"Wrote {len(known)} lessons to {file}.")


@app.command("import")
def import_lessons(file: File) -> None:
    """Add the lessons of a file that this desk does not have; all of them or none."""
    with the_ledger() as ledger:
        found = _read(file, market_now(ledger))
        with cycle_lock(state_folder(), "memory", refused=_BUSY), ledger.transaction():
            known = ledger.lessons.known_ids()
            new = {one.lesson_id: one for name, one in found if not known & {name, one.lesson_id}}
            for lesson in new.values():
                ledger.lessons.add_lesson(lesson)
    typer.echo(f"Added {len(new)} of {len(found)} lessons.")


@app.command()
def rebuild() -> None:
    """Throw the index away and make it again from the ledger."""
    from crew.evidence import desk_memory
    from crew.opening import settings_and_home

    logging.getLogger("memory").addHandler(logging.NullHandler())  # it is told once, below
    settings, home = settings_and_home({})
    with cycle_lock(home, "memory", refused=_BUSY), the_ledger() as ledger:
        memory = desk_memory(home, ledger, settings)
        try:
            lessons = ledger.lessons.lessons(None, settings.memory.max_lessons)
            done = memory.rebuild(lessons)
            if memory.note is not None:
                raise SettingsError(f"{memory.note} Cycles go on without lessons meanwhile.")
            typer.echo(done)
        finally:
            memory.close()


def _market(typed: str, known: tuple[str, ...]) -> str:
    """The market that is meant; raises SettingsError where no lesson is of it."""
    if len(found := meant(typed, known)) != 1:
        there = f"There are lessons of {', '.join(known)}." if known else "There is no lesson yet."
        raise SettingsError(f"There is no lesson of {typed[:40]!r}. {in_one_line(there)}")
    return found[0]


@contextmanager
def _gone_if_unfinished(file: Path) -> Iterator[None]:
    """Half an export must not be taken for all of it."""
    try:
        yield
    except BaseException:
        file.unlink(missing_ok=True)
        raise


def _read(file: Path, now: "datetime") -> list[tuple[str, "Lesson"]]:
    """The lessons of a file, each with the id it had; raises SettingsError on a bad line."""
    try:
        if not file.is_file():
            raise SettingsError(f"{file} is no file. Nothing was added.")
        with file.open("rb") as source:
            content = source.read(_LARGEST_BYTES + 1)
    except OSError as error:
        raise SettingsError(f"{file} cannot be read: {error.strerror}.") from error
    if len(content) > _LARGEST_BYTES:
        raise SettingsError(f"{file} is larger than 64 MB. Nothing was added.")
    lines = content.splitlines()
    return [_lesson(line, number, now) for number, line in enumerate(lines, 1) if line.strip()]


def _lesson(line: bytes, number: int, now: "datetime") -> tuple[str, "Lesson"]:
    """One line; what another desk's words could carry is cut, and its figures speak again."""
    from pydantic import ValidationError

    from memory.reflections import better, reflection
    from records.lesson import Lesson

    if len(line) > _LINE_BYTES:
        raise SettingsError(f"Line {number} is longer than 16 kB. Nothing was added.")
    try:
        lesson = Lesson.model_validate_json(line)
        told = Lesson.model_validate(lesson.model_dump() | _inert(lesson))
        again = {"better": better(told), "reflection": reflection(told, {})}
        told = Lesson.model_validate(told.model_dump() | again)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = in_one_line(".".join(map(str, first["loc"]))[:60])
        raise SettingsError(
            f"Line {number} is no lesson: {where or 'record'}: {in_one_line(first['msg'][:120])}. "
            "Nothing was added."
        ) from error
    if told.learned_at > now or (told.proposed_at or told.learned_at) > told.learned_at:
        raise SettingsError(f"Line {number} was learned after now ({now}). Nothing was added.")
    return lesson.lesson_id, told


def _imported_id(lesson: "Lesson") -> str:
    """An id that this desk hands out to no lesson of its own, the same for the same lesson."""
    if lesson.lesson_id.startswith(_IMPORTED):
        return lesson.lesson_id
    named = f"{lesson.lesson_id} {lesson.learned_at.isoformat()} {lesson.symbol}"
    return f"{_IMPORTED}{sha256(named.encode()).hexdigest()[:16]}"


def _inert(lesson: "Lesson") -> dict[str, Any]:
    from tools.news.fence import shown

    texts = {"situation": 600, "decision": 800, "thesis": 800, "news_gist": 300, "outcome": 300}
    said = lesson.said.model_copy(update={"officer_reason": shown(lesson.said.officer_reason, 300)})
    return {
        **{name: shown(getattr(lesson, name), most) for name, most in texts.items()},
        "lesson_id": _imported_id(lesson),
        "cycle_id": shown(lesson.cycle_id, 80),
        "proposal_id": None,
        "proposed_in": None,
        "imported": True,
        "features": {},
        "said": said.model_dump(),
        "reflection": "",
        "better": "",
    }


def _line(lesson: "Lesson") -> str:
    made = "not known" if lesson.pnl_pct is None else f"{lesson.pnl_pct:+.2f} %"
    return (
        f"{lesson.lesson_id}  {lesson.learned_at:%Y-%m-%d %H:%M}  {lesson.symbol}  "
        f"{lesson.side or '-'}  {lesson.kind}  {made}  {lesson.reflection}"
    )
