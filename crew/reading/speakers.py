"""Whose lines are shown: an agent's, by role or name, or a task's."""

from collections.abc import Iterable, Mapping
from typing import Any

from records.errors import SettingsError

Row = Mapping[str, Any]


class Speakers:
    """
    Chooses rows of one agent, of one task, or of both.

    An agent has two names: its role in the models' lines, its name in agents.yaml elsewhere.
    The line in which the crew meets tells which belong together, and to which tasks.
    """

    def __init__(self, agent: str | None, task: str | None) -> None:
        self._agent, self._task = agent, task
        self._tasks_of_agent: set[str] = set()
        self._names: dict[str, None] = {}

    @property
    def everybody(self) -> bool:
        return self._agent is None and self._task is None

    def learn(self, rows: Iterable[Row]) -> None:
        """Note who does which task; call it with every row, before asking about them."""
        for row in rows:
            self._meet(row)
            agent, task = _text(row, "agent"), _text(row, "task")
            self._names.update(dict.fromkeys(filter(None, (agent, task))))
            if self._agent is not None and task and _same(agent, self._agent):
                self._tasks_of_agent.add(task)

    def _meet(self, row: Row) -> None:
        members = row.get("members") if row["kind"] == "crew" else ()
        for one in members if isinstance(members, list) else ():
            names = (str(one.get("agent")), str(one.get("role"))) if isinstance(one, dict) else ()
            if self._agent is not None and any(_same(name, self._agent) for name in names):
                self._tasks_of_agent.update(map(str, one.get("tasks") or ()))

    def among(self, row: Row) -> bool:
        """Whether this row is shown."""
        task = _text(row, "task")
        if self._task is not None and not _same(task, self._task):
            return False
        if self._agent is None:
            return True
        return _same(_text(row, "agent"), self._agent) or task in self._tasks_of_agent

    def chosen[R: Row](self, rows: Iterable[R]) -> list[R]:
        """The rows that are shown; raises SettingsError when there are none, naming who spoke."""
        every = list(rows)
        self.learn(every)
        found = [row for row in every if self.among(row)]
        if not found and not self.everybody:
            spoke = ", ".join(map(repr, self._names)) or "nobody"
            asked = " and ".join(filter(None, (self._agent, self._task)))
            raise SettingsError(f"Nothing of {asked[:80]!r} is in this cycle. There is: {spoke}.")
        return found


def _text(row: Row, key: str) -> str:
    value = row.get(key)
    return value if isinstance(value, str) else ""


def _same(one: str, other: str) -> bool:
    return _plain(one) == _plain(other)


def _plain(name: str) -> str:
    return name.casefold().replace("_", " ").strip()
