"""`desk what-if` as people and scripts meet it."""

import json
from pathlib import Path

import pytest

from tests.crew.test_cli import desk, refused
from tests.crew.what_if.histories import recorded


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A state folder with one recorded cycle that traded."""
    folder = tmp_path_factory.mktemp("asked")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("DESK_HOME", raising=False)
        recorded(folder, "model=rulebook/bold")
    return folder


def test_nothing_changed_is_zero_flips_and_zero_calls(home: Path) -> None:
    """One JSON document, whatever else is said."""
    ended = desk("what-if", "--json", home=home)
    found = json.loads(ended.stdout)

    assert ended.returncode == 0, ended.stderr
    assert (found["flips"], found["asked"], len(found["compared"])) == (0, 0, 1)
    assert found["change"] == "nothing changed"


def test_a_question_is_answered_as_table_and_page(home: Path, tmp_path: Path) -> None:
    """Free with the rulebook, so nobody has to be asked."""
    page = tmp_path / "answer.html"
    ended = desk("what-if", "--set", "risk.max_open_positions=1", "--html", str(page), home=home)

    assert ended.returncode == 0, ended.stderr
    assert "risk.max_open_positions = 1" in ended.stdout
    assert "veto gained (veto: positions)" in ended.stdout
    assert "Decisions that differ" in page.read_text()


def test_nobody_is_paid_without_a_yes(home: Path) -> None:
    """The estimate is shown; without a terminal there is nobody to agree."""
    prices = "llm.prices={openai/gpt-4.1-mini: {prompt_usd: 1, completion_usd: 2}}"
    ended = desk(
        "what-if", "--model", "openai/gpt-4.1-mini", "--set", prices,
        home=home, environment={"OPENAI_API_KEY": "sk-nobody-is-asked"},
    )  # fmt: skip

    assert "Nobody can be asked here. Nothing was done. --yes answers for you." in refused(ended, 2)


def test_a_budget_that_no_price_binds_is_refused(home: Path) -> None:
    """It would promise what cannot be kept."""
    ended = desk(
        "what-if", "--model", "openai/gpt-4.1-mini", "--budget-usd", "1", "--yes",
        home=home, environment={"OPENAI_API_KEY": "sk-nobody-is-asked"},
    )  # fmt: skip

    assert "--budget-usd cannot be kept" in refused(ended, 2)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--cycles", "LAST_5", "--since", "24h"), "not both"),
        (("--agents", "/no/such/agents.yaml"), "There is no file"),
        (("--budget-usd", "-1"), "--budget-usd takes an amount"),
        (("--html", "agents.yaml"), "ends in .html or .htm"),
        (("--html", "no/such/folder/x.html"), "Name a file in a folder that exists"),
        (("--set", "risk.max_levrage=2"), "Did you mean 'max_leverage'"),
    ],
)
def test_a_wrong_question_is_refused_in_one_line(
    home: Path, arguments: tuple[str, ...], said: str
) -> None:
    """With code 2, before anything is run."""
    assert said in refused(desk("what-if", *arguments, home=home), 2)


def test_a_page_that_fails_at_last_leaves_one_document(home: Path, tmp_path: Path) -> None:
    """The refusal; a script reads the whole of stdout."""
    full = tmp_path / "full.html"
    full.symlink_to("/dev/full")
    ended = desk("what-if", "--json", "--html", str(full), home=home)

    assert ended.returncode == 2
    assert "cannot be written" in json.loads(ended.stdout)["error"]["message"]
