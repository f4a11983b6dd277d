r"""
Takes secrets out of text before it is written anywhere.

Text and secrets are compared in one plain spelling: small letters, no backslashes and no line
breaks, one sign for the space and each of `+ / - _`. So a secret is found in any case, in both
alphabets of base64, folded, and in JSON within JSON; what is URL-coded or written as \u0041 is
decoded first. A second look takes all that may be spread between its signs away: spaces, colons,
line breaks as JSON writes them (of a secret that is too short without its own such signs, the
breaks and halves alone). It cannot find a secret that is told in words, in pieces, or in
a picture.
"""

import re
from base64 import b32encode, b64encode
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import NamedTuple

MARK = "[redacted]"
_LEAST = 8
_LEAST_OF_WORDS = 16
_LEAST_DIFFERENT = 4
_BLOCK = 8
_SURE = 2 * _BLOCK - 1
"""As long as this, something holds a whole block wherever it starts."""

_CAPITALS, _SIGNS = bytes(range(65, 91)), b" +/_-"
_PLAIN = bytes.maketrans(_CAPITALS + _SIGNS, _CAPITALS.lower() + b"-" * len(_SIGNS))
_DROPPED = b"\\\r\n"
_SPREAD = _SIGNS + b":|\t\0" + _DROPPED
"""What may stand between any two signs of a secret: a dump's separators, the halves of UTF-16."""
_SPREAD_ESCAPED = (b"\\n", b"\\r", b"\\t")
_IN_BASE64 = b"abcdefghijklmnopqrstuvwxyz0123456789-"
_CONTROLS = str.maketrans("\n\r\t", "nrt")
"""What is left of them in JSON when the backslash is gone."""

_WORD = r"(?:[a-z]+|[A-Z]+|[A-Z][a-z]+)"
_WORDS = re.compile(rf"{_WORD}(?:[-_./: ]+{_WORD})*")
_NUMBER = re.compile(r"[\dTZeE\W_]*")
_BETWEEN = re.compile(r"[\s\"',;{}]+|\\n")
_PERCENT = re.compile(rb"%[0-9a-f]{2}", re.IGNORECASE)
_CODE = (
    rb"\\+u(d[89ab][0-9a-f]{2})\\+u(d[c-f][0-9a-f]{2})|\\+u([0-9a-f]{4})"
    rb"|\\+x([0-9a-f]{2})|%(?:25)*([0-9a-f]{2})"
)
_CODES = re.compile(_CODE, re.IGNORECASE)
_BREAKS = re.compile(rb"\\+|[\r\n]+")
_CODES_AND_BREAKS = re.compile(_CODE + rb"|\\+|[\r\n]+", re.IGNORECASE)
_FOLDED = _DROPPED + b"\0"
"""What folds a secret, and the halves of UTF-16; no sign that a secret is written with."""
_FOLD = rb"\\+[nrt]?|[\r\n\0]+"
_FOLDS = re.compile(_FOLD)
_CODES_AND_FOLDS = re.compile(_CODE + rb"|" + _FOLD, re.IGNORECASE)
_GAP = rb"\\+[nrt]?|[ +/_:|\t\0\r\n-]+"
_GAPS = re.compile(_GAP)
_CODES_AND_GAPS = re.compile(_CODE + rb"|" + _GAP, re.IGNORECASE)


def is_secret(value: str) -> bool:
    """
    Whether a value can be told from ordinary text; what cannot would be missed in a ledger.

    It has eight characters, four of them different, is no number or time, and if it is words
    alone, such as `rulebook/bold`, it has sixteen.
    """
    plain = value.encode("utf-8", "surrogatepass").translate(_PLAIN, _DROPPED)
    if len(plain) < _LEAST or len(set(plain)) < _LEAST_DIFFERENT or plain in MARK.encode():
        return False
    words_alone = len(value) < _LEAST_OF_WORDS and _WORDS.fullmatch(value)
    return not (words_alone or _NUMBER.fullmatch(value))


class Redactor:
    """Writes `[redacted]` in the place of every secret it was made with, however it is coded."""

    __slots__ = ("_blocks", "_close", "_needles", "_never_close", "_short", "_values")

    def __init__(self, values: Iterable[str]) -> None:
        """Values that are no secrets by the rule above are passed over."""
        self._values = frozenset(part for value in values for part in _parts(value))
        self._needles = tuple({needle for value in self._values for needle in _needles(value)})
        self._close = tuple({close for one in self._needles if (close := one.close()) is not None})
        self._never_close = tuple(one for one in self._needles if one.close() is None)
        sought = {needle.sought for needle in (*self._needles, *self._close)}
        self._blocks = _blocks(one for one in sought if len(one) >= _SURE)
        self._short = tuple(one.decode("latin-1") for one in sought if len(one) < _SURE)

    def text(self, text: str) -> str:
        """The text without secrets; the same object when it holds none."""
        if not self._needles or len(text) < _LEAST:
            return text
        data = text.encode("utf-8", "surrogatepass")
        clean = self.data(data)
        return text if clean is data else clean.decode("utf-8", "surrogatepass")

    def data(self, data: bytes) -> bytes:
        """The same for bytes, which need not be text."""
        if not self._needles or not (spans := sorted(self._spans(data))):
            return data
        kept, end = bytearray(), 0
        for span in spans:
            if span.start >= end:
                kept += data[end : span.start] + MARK.encode()
            end = max(end, span.stop)
        return bytes(kept + data[end:])

    def find(self, data: bytes) -> list[str]:
        """Which form of a secret stands where, in words that do not repeat it."""
        found, end = [], 0
        for span in sorted(self._spans(data)):
            if span.stop > end:
                found.append(f"{span.form} at byte {span.start}")
                end = span.stop
        return found

    def joined(self, other: "Redactor") -> "Redactor":
        """One that knows the secrets of both."""
        if other._values <= self._values:
            return self
        return Redactor(self._values | other._values)

    def _spans(self, data: bytes) -> Iterator["_Span"]:
        yield from self._seen(data, data, "", _BREAKS, _FOLDS, _GAPS)
        if b"\\u" in data or b"\\x" in data or _PERCENT.search(data) is not None:
            decoded = _CODES.sub(_meaning, data)
            codes = _CODES_AND_BREAKS, _CODES_AND_FOLDS, _CODES_AND_GAPS
            yield from self._seen(data, decoded, "coded ", *codes)

    def _seen(
        self,
        data: bytes,
        decoded: bytes,
        how: str,
        breaks: "re.Pattern[bytes]",
        folds: "re.Pattern[bytes]",
        gaps: "re.Pattern[bytes]",
    ) -> Iterator["_Span"]:
        """What stands in the data, as it is, unfolded, and with all gaps closed."""
        if self._suspects(decoded.translate(_PLAIN, _DROPPED)):
            yield from self._located(_View(data, breaks, _DROPPED), self._needles, how)
        for escaped in _SPREAD_ESCAPED:
            decoded = decoded.replace(escaped, b"")
        if self._never_close and self._suspects(decoded.translate(_PLAIN, _FOLDED)):
            yield from self._located(
                _View(data, folds, _FOLDED), self._never_close, f"{how}folded "
            )
        if self._suspects(decoded.translate(_PLAIN, _SPREAD)):
            yield from self._located(_View(data, gaps, _SPREAD), self._close, f"{how}spread ")

    def _suspects(self, view: bytes) -> bool:
        """
        Whether a secret may be in it: quick, and never wrong when it says no.

        Only every eighth position is looked at; a needle of fifteen covers one of them.
        """
        padded = view + bytes(-len(view) % _BLOCK)
        if not self._blocks.isdisjoint(memoryview(padded).cast("Q")):
            return True
        if not self._short:
            return False
        text = view.decode("latin-1")
        return any(short in text for short in self._short)

    def _located(self, view: "_View", needles: Iterable["_Needle"], how: str) -> Iterator["_Span"]:
        plain = view.plain
        for needle in needles:
            at = plain.find(needle.sought)
            while at >= 0:
                first, last = at, at + len(needle.sought) - 1
                if needle.shares_first and first and plain[first - 1] in _IN_BASE64:
                    first -= 1
                if needle.shares_last and last + 1 < len(plain) and plain[last + 1] in _IN_BASE64:
                    last += 1
                yield _Span(view.start(first), view.stop(last), how + needle.form)
                at = plain.find(needle.sought, at + 1)


class _Span(NamedTuple):
    start: int
    stop: int
    form: str


class _Needle(NamedTuple):
    """A form of a secret in the plain spelling."""

    form: str
    sought: bytes
    shares_first: bool = False
    """Whether the sign of base64 before it holds a few of the secret's bits."""
    shares_last: bool = False

    def close(self) -> "_Needle | None":
        """The same without what may be spread between its signs; None when too little is left."""
        sought = self.sought.translate(None, _SPREAD)
        return self._replace(sought=sought) if len(sought) >= _LEAST else None

    def mirrored(self) -> "_Needle":
        """The same, written backwards."""
        return _Needle(
            f"reversed {self.form}", self.sought[::-1], self.shares_last, self.shares_first
        )


def _parts(value: str) -> Iterator[str]:
    """The value, and the long pieces of one that has several lines or words."""
    whole = value.strip()
    pieces = [piece for piece in _BETWEEN.split(whole) if len(piece) >= _LEAST_OF_WORDS]
    yield from filter(is_secret, {whole, *pieces})


def _needles(value: str) -> Iterator[_Needle]:
    for spelled in {value, value.translate(_CONTROLS)}:
        data = spelled.encode("utf-8", "surrogatepass")
        for of, text in (("", spelled), (" of reversed", spelled[::-1])):
            turned = text.encode("utf-8", "surrogatepass")
            for one in {turned, _CODES.sub(_meaning, turned)}:
                yield _Needle("reversed" if of else "raw", one.translate(_PLAIN, _DROPPED))
            yield _Needle(f"hex{of}", turned.hex().encode())
            yield from _in_base64(f"base64{of}", turned)
        yield _Needle("hex", data.hex().encode()).mirrored()
        yield from (needle.mirrored() for needle in _in_base64("base64", data))
        yield from _in_base32(data)
        for digits in (data.hex(), data.hex().upper()):
            yield from _in_base64("base64 of hex", digits.encode())
        yield from _in_base64("base64 of base64", b64encode(data))
        yield from _in_base64("base64 of UTF-16", spelled.encode("utf-16-le", "surrogatepass"))
        yield _Needle("hex of base64", b64encode(data).rstrip(b"=").hex().encode())


def _in_base64(form: str, data: bytes) -> Iterator[_Needle]:
    """What base64 has of these bytes, whatever comes before: three alignments."""
    for before in range(3):
        skipped, bits = -(-8 * before // 6), 8 * (before + len(data))
        core = b64encode(bytes(before) + data)[skipped : bits // 6]
        yield _Needle(form, core.translate(_PLAIN), skipped > 0, bits % 6 > 0)


def _in_base32(data: bytes) -> Iterator[_Needle]:
    """The same of base32: five alignments."""
    for before in range(5):
        skipped, bits = -(-8 * before // 5), 8 * (before + len(data))
        core = b32encode(bytes(before) + data)[skipped : bits // 5]
        yield _Needle("base32", core.translate(_PLAIN), skipped > 0, bits % 5 > 0)


def _blocks(needles: Iterable[bytes]) -> frozenset[int]:
    """Eight blocks of each needle, one for each place it may start at; its end is its own most."""
    ends = [needle[-_SURE:] for needle in needles]
    joined = b"".join(end[at : at + _BLOCK] for end in ends for at in range(_BLOCK))
    return frozenset(memoryview(joined).cast("Q"))


class _View:
    """
    Data in the plain spelling, without codes, and from where to where each byte comes.

    Backslashes belong to what follows, so that none is left alone when that is cut out.
    """

    def __init__(self, data: bytes, code: re.Pattern[bytes], dropped: bytes) -> None:
        self._at: list[int] = []
        self._pieces: list[tuple[int, int, bool]] = []
        view, began, end = bytearray(), 0, 0

        def add(piece: bytes, source: int, *, coded: bool) -> None:
            if piece:
                self._at.append(len(view))
                self._pieces.append((began, source, coded))
                view.extend(piece)

        for match in code.finditer(data):
            start, meaning = match.start(), _meaning(match).translate(None, dropped)
            add(data[end:start], end, coded=False)
            if end < start:
                began = start
            end = match.end()
            add(meaning, end, coded=True)
            if meaning or not match[0].endswith(b"\\"):
                began = end
        add(data[end:], end, coded=False)
        self.plain = bytes(view).translate(_PLAIN)

    def start(self, at: int) -> int:
        """Where in the data this byte's origin begins."""
        (began, source, coded), offset = self._piece(at)
        return began if coded or not offset else source + offset

    def stop(self, at: int) -> int:
        """Where it ends."""
        (_, source, coded), offset = self._piece(at)
        return source if coded else source + offset + 1

    def _piece(self, at: int) -> tuple[tuple[int, int, bool], int]:
        number = bisect_right(self._at, at) - 1
        return self._pieces[number], at - self._at[number]


def _meaning(match: re.Match[bytes]) -> bytes:
    """The character that this code stands for; nothing for a backslash."""
    if match.lastindex is None:
        return b""  # a break, or a gap
    if match.lastindex > 3:
        return bytes([int(match[match.lastindex], 16)]).translate(None, _DROPPED)
    units = [match[1], match[2]] if match.lastindex == 2 else [match[3]]
    wide = b"".join(int(unit, 16).to_bytes(2, "big") for unit in units)
    character = wide.decode("utf-16-be", "surrogatepass")
    return character.encode("utf-8", "surrogatepass").translate(None, _DROPPED)


NOTHING = Redactor(())
"""Changes nothing: for tests, and where nobody knows of a secret."""
