"""
A whole cycle with a model that can see: the picture arrives as it lies on the disk.

The model's name is one of a family that sees; who answers is the loopback server's rulebook,
which reads numbers alone and says so. Whether it was shown a picture, the desk knows better.
"""

import base64
import json
import re
import shutil
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from crew.cassettes import NotRecorded, recording, replaying
from crew.home import CHECKOUT
from crew.replay import replay_cycle
from crew.transcript import read
from records.cycle import CycleRecord
from tests.crew.desks import a_desk, one_cycle
from tests.crew.test_recorded_cycle import AT, asked_over_http, no_network
from tests.model_server import ModelServer
from tools.chart import studio
from tools.chart.studio import ChartStudio

SEES = ("model=openai/gpt-4o-bold", "charts.wait_s=60", "charts.draw=seen")
"""A busy machine may draw slowly; what is tested here is that pictures arrive, not how soon."""
URL = re.compile(r"data:image/png;base64,([A-Za-z0-9+/=]+)")
OFFLINE = "http://127.0.0.1:9/v1"


def cycle(home: Path, server: ModelServer, *more: str) -> CycleRecord:
    return one_cycle(home, *asked_over_http(server.base_url, *SEES, *more), at=AT, draws=True)


def chart_calls(server: ModelServer) -> list[dict[str, Any]]:
    """Requests that offer the chart tool."""
    return [body for body in server.bodies if "read_chart" in json.dumps(body.get("tools", []))]


def images(body: dict[str, Any]) -> list[bytes]:
    """What the image parts of a request hold."""
    return [base64.b64decode(found) for found in URL.findall(json.dumps(body))]


def rows(home: Path, kind: str) -> list[dict[str, Any]]:
    (path,) = (home / "transcripts").glob("*.jsonl")
    return [row for row in read(path) if row["kind"] == kind]


def test_the_bytes_of_the_picture_arrive_at_the_model(tmp_path: Path) -> None:
    """Not a path, not base64 as text: image parts, equal to the files kept with the cycle."""
    with ModelServer() as server:
        record = cycle(tmp_path, server)
    folder = tmp_path / "charts" / record.cycle_id
    files = [(folder / f"{s.replace('/', '-')}-3m.png").read_bytes() for s in record.shortlist]

    calls = chart_calls(server)
    assert len(record.shortlist) == 2
    assert [images(body) for body in calls] == [files] * 2
    for body in calls:
        (user,) = (m for m in body["messages"] if m["role"] == "user")
        assert [part["type"] for part in user["content"]] == ["text", "image_url", "image_url"]
        assert f"in this order: {', '.join(record.shortlist)}." in user["content"][0]["text"]


def test_no_other_agent_is_sent_pictures(tmp_path: Path) -> None:
    """They cost tokens in every turn; only who reads charts gets them."""
    with ModelServer() as server:
        cycle(tmp_path, server)
    others = [body for body in server.bodies if body not in chart_calls(server)]
    assert len(others) >= 4
    assert [images(body) for body in others] == [[]] * len(others)


def test_the_report_says_image_only_when_one_was_sent(tmp_path: Path) -> None:
    """The model here says geometry; it was shown pictures, and the desk knows."""
    with ModelServer() as server:
        seen = cycle(tmp_path / "seen", server)
        blind = one_cycle(tmp_path / "blind", *asked_over_http(server.base_url), at=AT, draws=True)
    assert seen.reports.chart and seen.reports.chart.read_from == "image"
    assert blind.reports.chart and blind.reports.chart.read_from == "geometry"
    assert rows(tmp_path / "seen", "claim_corrected")[0]["really"] == "image"
    assert rows(tmp_path / "blind", "claim_corrected") == []


def test_a_model_that_claims_to_have_seen_is_not_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads the report must know what it rests on."""
    monkeypatch.setattr("tests.model_server.answer", _boasting)
    with ModelServer() as server:
        record = one_cycle(tmp_path, *asked_over_http(server.base_url), at=AT, draws=True)
    (corrected,) = rows(tmp_path, "claim_corrected")
    assert record.reports.chart and record.reports.chart.read_from == "geometry"
    assert (corrected["claimed"], corrected["really"]) == ("image", "geometry")


def _boasting(*asked: Any) -> Any:
    from crew.models.rulebook import answer

    given = answer(*asked)
    boast = '"read_from":"image"'
    return given.replace('"read_from":"geometry"', boast) if isinstance(given, str) else given


def test_without_pictures_the_cycle_goes_on_with_numbers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A disk or a drawing that fails costs the sight, not the cycle."""
    monkeypatch.setattr(ChartStudio, "start", lambda _self: None)
    with ModelServer() as server:
        record = cycle(tmp_path, server)
    assert record.outcome == "traded"
    assert record.reports.chart and record.reports.chart.read_from == "geometry"
    assert [images(body) for body in chart_calls(server)] == [[]] * 2
    assert "Pictures attached" not in json.dumps(server.bodies)


def test_agents_yaml_can_blind_an_agent(tmp_path: Path) -> None:
    """Pictures cost money; `vision: false` saves it."""
    agents = tmp_path / "agents.yaml"
    text = (CHECKOUT / "agents.yaml").read_text()
    agents.write_text(text.replace("  role: Chart reader", "  role: Chart reader\n  vision: false"))
    with ModelServer() as server:
        record = cycle(tmp_path / "home", server, f"agents_file={agents}")
    assert record.reports.chart and record.reports.chart.read_from == "geometry"
    assert [images(body) for body in server.bodies] == [[]] * len(server.bodies)


def test_the_transcript_names_the_pictures_and_holds_none(tmp_path: Path) -> None:
    """File, size and fingerprint: enough to find it, and to see that it is the one."""
    with ModelServer() as server:
        record = cycle(tmp_path, server)
    (path,) = (tmp_path / "transcripts").glob("*.jsonl")
    (sent,) = rows(tmp_path, "pictures_sent")
    assert "iVBORw0KGgo" not in path.read_text()
    for picture, symbol in zip(sent["pictures"], record.shortlist, strict=True):
        content = (tmp_path / "charts" / record.cycle_id / picture["file"]).read_bytes()
        what = f"picture of {len(content)} bytes, sha256 {sha256(content).hexdigest()}"
        assert (picture["symbol"], picture["what"]) == (symbol, what)
        assert path.read_text().count(what) == 3


def test_a_recording_holds_no_pictures_and_replays_with_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another release of the drawing library changes bytes, and no decision."""
    cassette = tmp_path / "cassette.yaml"
    with ModelServer() as server, recording(cassette):
        first = cycle(tmp_path / "a", server)
    monkeypatch.setattr(studio, "LARGER_BARS", 30)
    with no_network(), replaying(cassette):
        again = one_cycle(tmp_path / "b", *asked_over_http(OFFLINE, *SEES), at=AT, draws=True)
    charts = [next((tmp_path / home / "charts").glob("*/*.png")) for home in ("a", "b")]
    assert charts[0].read_bytes() != charts[1].read_bytes()
    assert "iVBORw0KGgo" not in cassette.read_text()
    assert cassette.stat().st_size < 200_000
    assert (again.reports, again.proposals) == (first.reports, first.proposals)


def test_a_replay_that_shows_no_picture_is_another_prompt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The model saw something then; an answer to less is not what was recorded."""
    cassette = tmp_path / "cassette.yaml"
    with ModelServer() as server, recording(cassette):
        cycle(tmp_path / "a", server)
    monkeypatch.setattr(ChartStudio, "start", lambda _self: None)
    with no_network(), pytest.raises(NotRecorded, match="Chart reader"), replaying(cassette):
        one_cycle(tmp_path / "b", *asked_over_http(OFFLINE, *SEES), at=AT, draws=True)


def test_a_recorded_cycle_of_a_model_that_sees_replays(tmp_path: Path) -> None:
    """`desk replay` draws the pictures again from the recorded candles."""
    with ModelServer() as server:
        record = cycle(tmp_path, server, "record=true")
    shutil.rmtree(tmp_path / "charts")
    with no_network(), a_desk(tmp_path, at=AT) as desk:
        assert replay_cycle(desk, record.cycle_id) == ()
