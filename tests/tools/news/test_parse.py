"""Documents that are built to cost time or memory are refused by their shape."""

import time
import tracemalloc

import pytest

from tools.news.parse import NotAFeed, entries

HEAD, TAIL = b'<rss version="2.0"><channel>', b"</channel></rss>"
LAUGHS = b"".join(
    b'<!ENTITY l%d "%s">' % (level, b"&l%d;" % (level - 1) * 10) for level in range(1, 10)
)
HOSTILE = {
    "billion laughs": b'<!DOCTYPE x [<!ENTITY l0 "lol">' + LAUGHS + b"]><rss>&l9;</rss>",
    "quadratic entity": b'<!DOCTYPE x [<!ENTITY a "'
    + b"a" * 50_000
    + b'">]><rss>'
    + b"&a;" * 50_000
    + b"</rss>",
    "external entity": b'<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><rss>&a;</rss>',
    "external dtd": b'<!DOCTYPE rss SYSTEM "http://127.0.0.1:9/x.dtd"><rss/>',
    "100,000 items": HEAD + b"<item></item>" * 100_000 + TAIL,
    "many attributes": HEAD
    + b"<a "
    + b" ".join(b'a%d=""' % n for n in range(100_000))
    + b"/>"
    + TAIL,
    "deep nesting": HEAD + b"<a>" * 200_000 + b"</a>" * 200_000 + TAIL,
    "not XML": b"garbage" * 1_000,
    "undeclared prefix": HEAD + b"<x:a>" * 20 + b"</x:a>" * 20 + TAIL,
    "cut off": HEAD + b"<item><title>x",
    "empty": b"",
    "HTML page": b"<html><body><p>Not found</p></body></html>",
    "bad UTF-8": HEAD + b"<title>\xff\xfe</title>" + TAIL,
    "UTF-7": b'<?xml version="1.0" encoding="utf-7"?>' + HEAD + TAIL,
    "codec of Python's own": b'<?xml version="1.0" encoding="rot13"?>' + HEAD + TAIL,
    "UTF-16 laughs": ('<!DOCTYPE x [<!ENTITY l0 "lol">]><rss>&l0;</rss>').encode("utf-16"),
}
HEAVY = {
    "long title": b"<item><title>" + b"a" * 1_900_000 + b"</title></item>",
    "references": b"<item><title>" + b"&#65;" * 390_000 + b"</title></item>",
    "escaped tags": b"<item><description>" + b"&lt;p " * 320_000 + b"</description></item>",
    "long date": b"<item><pubDate>" + b"1 " * 950_000 + b"</pubDate></item>",
    "long attribute": b"<item a='" + b"a" * 1_900_000 + b"'/>",
    "long comment": b"<!--" + b"a" * 1_900_000 + b"--><item/>",
    "as many as allowed": b"<item><title>a</title><pubDate>1</pubDate></item>" * 3_300,
}


@pytest.mark.parametrize("body", HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_shapes_are_refused_quickly_and_in_little_memory(body: bytes) -> None:
    """The parser never sees what could blow it up."""
    tracemalloc.start()
    begin = time.process_time()
    with pytest.raises(NotAFeed):
        entries(body)
    took, peak = time.process_time() - begin, tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()

    assert took < 2.0
    assert peak < 64_000_000


@pytest.mark.parametrize("inner", HEAVY.values(), ids=HEAVY.keys())
def test_the_heaviest_allowed_documents_stay_affordable(inner: bytes) -> None:
    """2 MB that pass every check must still leave the cycle its time."""
    begin = time.process_time()
    assert entries(HEAD + inner + TAIL)
    assert time.process_time() - begin < 3.0


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "iso-8859-1", "windows-1252"])
def test_the_encoding_a_document_names_is_believed(encoding: str) -> None:
    """Feeds in older encodings are still feeds."""
    named = "utf-8" if encoding == "utf-8-sig" else encoding
    text = (
        f'<?xml version="1.0" encoding="{named}"?><rss version="2.0"><channel>'
        "<item><title>Kursgewinn für Anleger</title></item></channel></rss>"
    )

    assert [entry.title for entry in entries(text.encode(encoding))] == ["Kursgewinn für Anleger"]
