"""The redactor finds a secret in every form it may be written in, and touches nothing else."""

import base64
import json
import string
import textwrap
import time
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import orjson
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from records.redaction import MARK, NOTHING, Redactor, is_secret

KEY = "CANARY-KEY-9e27ab41"
AWKWARD = 'pä"ss\\wörd/with 1+%41&€\n2nd😀line'
SECRETS = (KEY, "sk-Zq8_x+Y/w4=", "a1b2c3d4", AWKWARD)


def forms(secret: str) -> dict[str, str]:
    """One secret as it may turn up, by means that the redactor does not use."""
    data, backwards = secret.encode(), secret[::-1].encode()
    found = {
        "raw": secret,
        "capitals": "".join(c.upper() if c.isascii() else c for c in secret),
        "small letters": "".join(c.lower() if c.isascii() else c for c in secret),
        "reversed": secret[::-1],
        "hex": data.hex(),
        "hex in capitals": data.hex().upper(),
        "hex of reversed": backwards.hex(),
        "quoted": quote(secret),
        "quoted whole": quote(secret, safe=""),
        "quoted plus": quote_plus(secret),
        "every byte": "".join(f"%{byte:02X}" for byte in data),
        "every byte, small": "".join(f"%{byte:02x}" for byte in data),
        "every byte twice": "".join(f"%25{byte:02X}" for byte in data),
        "json": json.dumps(secret),
        "json in json": json.dumps(json.dumps({"k": secret})),
        "json as is": orjson.dumps(secret).decode(),
        "every unit": "".join(f"\\u{unit:04x}" for unit in _units(secret)),
        "every unit in json": "".join(f"\\\\u{unit:04X}" for unit in _units(secret)),
        "repr": repr(secret),
        "repr of bytes": repr(data),
        "folded": "\n".join(secret[at : at + 7] for at in range(0, len(secret), 7)),
        "base64 as mail folds it": base64.encodebytes(data * 3).decode(),
        "base64 of hex": base64.b64encode(data.hex().encode()).decode(),
        "base64 of base64": base64.b64encode(base64.b64encode(data)).decode(),
        "hex of base64": base64.b64encode(data).hex(),
        "base64 of utf-16": base64.b64encode(secret.encode("utf-16-le")).decode(),
        "base64 reversed": base64.b64encode(data).decode()[::-1],
        "hex reversed": data.hex()[::-1],
        "hex with spaces": data.hex(" "),
        "hex with colons": data.hex(":").upper(),
        "folded in json": json.dumps("\r\n".join(secret[n : n + 7] for n in range(0, 99, 7))),
        "base64 as a command wraps it": json.dumps(
            "\n    ".join(textwrap.wrap(base64.b64encode(data).decode(), 9))
        ),
    }
    if secret.isascii():
        found["utf-16 in json"] = json.dumps(secret.encode("utf-16-le").decode("latin-1"))
    for ahead in (b"", b"u", b"u:", b"u:p", b"u:pw"):
        found[f"base32 after {len(ahead)}"] = base64.b32encode(ahead + data).decode()
    for ahead in (b"", b"u", b"u:"):
        for name, code in (("", base64.b64encode), ("url-safe ", base64.urlsafe_b64encode)):
            text = code(ahead + data).decode()
            found[f"{name}base64 after {len(ahead)}"] = text
            found[f"{name}base64 after {len(ahead)}, bare"] = text.rstrip("=")
            found[f"{name}base64 after {len(ahead)}, quoted"] = quote(text, safe="")
        found[f"base64 of reversed after {len(ahead)}"] = base64.b64encode(
            ahead + backwards
        ).decode()
    return found


def _units(text: str) -> Iterator[int]:
    """UTF-16 units, as JSON escapes them."""
    wide = text.encode("utf-16-be")
    for at in range(0, len(wide), 2):
        yield int.from_bytes(wide[at : at + 2], "big")


@pytest.mark.parametrize("secret", SECRETS)
def test_every_form_is_taken_out(secret: str) -> None:
    """Whatever a model, a venue or a library makes of a key, it is not written."""
    redactor = Redactor([secret])
    for name, form in forms(secret).items():
        clean = redactor.text(f"before {form} after")

        assert MARK in clean, name
        assert clean.startswith("before ") and clean.endswith(" after"), name
        assert redactor.find(clean.encode()) == [], name
        assert form not in clean, name


@pytest.mark.parametrize(
    ("form", "told"),
    [
        (KEY.lower(), "raw at byte 2"),
        (KEY[::-1], "reversed at byte 2"),
        (KEY.encode().hex(), "hex at byte 2"),
        (base64.b64encode(KEY.encode()).decode(), "base64 at byte 2"),
        ("".join(f"%{byte:02x}" for byte in KEY.encode()), "coded raw at byte 2"),
        (json.dumps(f"{KEY[:9]}\n{KEY[9:]}"), "spread raw at byte 3"),
    ],
)
def test_what_is_found_is_named_and_not_repeated(form: str, told: str) -> None:
    """Whoever looks for a leak learns where it is without making a second one."""
    assert Redactor([KEY]).find(f"> {form}".encode()) == [told]


def test_a_secret_is_cut_out_exactly() -> None:
    """What stands around it is evidence and stays."""
    redactor = Redactor([KEY, "sk-other-7Hq2"])

    assert redactor.text(f"key={KEY}, sk-other-7Hq2;{KEY}.") == f"key={MARK}, {MARK};{MARK}."
    basic = base64.b64encode(f"user:{KEY}".encode()).decode()
    assert redactor.text(f"Basic {basic}\n") == f"Basic dXNlcj{MARK}\n"
    folded = json.dumps(f"a\n{KEY[:9]}\n{KEY[9:]}\n{KEY.encode().hex(' ')} b")
    assert redactor.text(folded) == json.dumps(f"a\n{MARK}\n{MARK} b")
    assert redactor.text(f"a\n{KEY}\r\nb\\\n\\{KEY}\\\\") == f"a\n{MARK}\r\nb\\\n{MARK}\\\\"


def test_no_part_of_overlapping_secrets_is_left() -> None:
    """A key that begins another, or runs into it, must not shield the other's end."""
    redactor = Redactor(["xabcdef1", "abcdef1-long-tail-77", "tail-77-more-99"])

    assert redactor.text("<xabcdef1-long-tail-77-more-99>") == f"<{MARK}>"


def test_json_stays_json() -> None:
    """A row that cannot be read any more would stop the desk."""
    redactor = Redactor([KEY, AWKWARD, "newkey-5b1d0c77"])
    inner = json.dumps({"said": f"\\{KEY}\\", "t": f"\t{AWKWARD}\n", "n": "\newkey-5b1d0c77"})
    document = json.dumps({"inner": inner, "outer": f'"{AWKWARD}"', "ascii": "é\u2028"})

    clean = redactor.text(document)

    assert json.loads(json.loads(clean)["inner"])["t"].endswith("\n")
    assert clean.count(MARK) == 4


def test_long_values_count_in_pieces() -> None:
    """A private key has lines, a credential file has fields; any of them gives it away."""
    pem = (
        "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIBkg8Yq2nPzq\nAwEHoUQDQgAE3v9Zk1w5\n-----END-----"
    )
    for value in (pem, pem.replace("\n", "\\n"), json.dumps({"private_key": pem})):
        redactor = Redactor([value])

        assert redactor.text("line AwEHoUQDQgAE3v9Zk1w5 it says") == f"line {MARK} it says"
        assert redactor.text("-----BEGIN EC PRIVATE KEY-----") == "-----BEGIN EC PRIVATE KEY-----"


@pytest.mark.parametrize(
    "value",
    ["", "true", "demo", "none", "localhost", "replayed", "1234567890", "-12345.678e10",
     "2026-11-25T16:25:31Z", "20261125", "BTC/USDT", "rulebook/bold", "not-needed", "xxxxxxxx1",
     "a1b2c3", "[redacted", "Take Profit", "PRODUCTION"],
)  # fmt: skip
def test_ordinary_values_are_no_secrets(value: str) -> None:
    """A ledger without the word `momentum` would be lost for the sake of a bad password."""
    assert not is_secret(value)
    assert Redactor([value]).text(f"so {value} it is, at length") == f"so {value} it is, at length"


@pytest.mark.parametrize(
    "value",
    [*SECRETS, "swordfish1", "kJHgfDsa", "correct horse battery staple", "CANARY-SECRET-5b1d0c77",
     "p@ssphrase", "0x8f3a2c11"],
)  # fmt: skip
def test_what_can_be_told_from_text_is_a_secret(value: str) -> None:
    """Keys have digits or mixed letters; passphrases have many words."""
    assert is_secret(value)


def test_without_secrets_nothing_is_looked_at() -> None:
    """A desk with the embedded rulebook pays nothing."""
    text = "any text" * 10

    assert NOTHING.text(text) is text
    assert NOTHING.data(text.encode()) == text.encode()
    assert NOTHING.find(text.encode()) == []


def test_two_redactors_become_one() -> None:
    """What the environment held and what .env added."""
    one, two = Redactor([KEY]), Redactor(["sk-other-7Hq2"])

    assert one.joined(two).text(f"{KEY} sk-other-7Hq2") == f"{MARK} {MARK}"
    assert one.joined(NOTHING) is one
    assert KEY not in repr(one)


def test_bytes_need_not_be_text() -> None:
    """A database page, a picture."""
    data = b"\xff\x00\xfe" + KEY.encode() + b"\x80\\"

    assert Redactor([KEY]).data(data) == b"\xff\x00\xfe" + MARK.encode() + b"\x80\\"


_ALPHABET = string.ascii_letters + string.digits + string.punctuation + " é€😀"
_CODE_SIGNS = "%0123456789abcdefABCDEF"
_RANDOM = st.text(_ALPHABET, min_size=8, max_size=70).filter(
    lambda value: value == value.strip() and is_secret(value)
)


@pytest.mark.parametrize("secret", ["000001A|", "a:b1c2d3", "x_y-z/1+"])
def test_a_secret_of_signs_that_separate_is_found_folded(secret: str) -> None:
    """Without them too little of it would be left to be sure."""
    redactor = Redactor([secret])
    for at in range(1, len(secret)):
        folded = f"{secret[:at]}\n{secret[at:]}"
        for told in (folded, json.dumps(folded), json.dumps(json.dumps({"key": folded}))):
            assert MARK in redactor.text(told), told
            assert redactor.find(redactor.text(told).encode()) == []


@given(secret=_RANDOM, before=st.text(max_size=40), after=st.text(max_size=40), data=st.data())
@example(secret="\\\\a1b2c3\\d4", before="\\", after="\\", data=None)
@example(secret="newkey12", before="x\\", after='\\"', data=None)
def test_no_form_survives(secret: str, before: str, after: str, data: st.DataObject | None) -> None:
    """Whatever stands around it, and in whatever form."""
    every = forms(secret)
    name = data.draw(st.sampled_from(sorted(every))) if data else "raw"
    form = every[name]
    if "quoted" in name:
        # else its first or last sign would be part of another code
        before, after = before.rstrip(_CODE_SIGNS), after.lstrip(_CODE_SIGNS)
    redactor = Redactor([secret])

    clean = redactor.text(before + form + after)

    assert redactor.find(clean.encode("utf-8", "surrogatepass")) == []
    assert form not in clean or form in MARK
    assert MARK in clean


@given(text=st.text(), secrets=st.lists(_RANDOM, max_size=5))
def test_text_without_secrets_is_unchanged(text: str, secrets: list[str]) -> None:
    """What is no secret is evidence."""
    redactor = Redactor(secrets)
    if redactor.find(text.encode("utf-8", "surrogatepass")) == []:
        assert redactor.text(text) is text


@pytest.mark.parametrize(
    "text", ["\\u", "\\ud83d", "\\ud83d\\ude00", "%", "%5c", "\\x5c\\", "\ud83d"]
)
def test_broken_codes_are_left_as_they_are(text: str) -> None:
    """Half a character is no reason to fail, or to change anything."""
    padded = f"{text} and more text"

    assert Redactor([KEY]).text(padded) == padded
    assert Redactor([KEY]).text(padded + KEY) == padded + MARK


def test_it_is_quick() -> None:
    """Every line of a transcript passes through it."""
    redactor = Redactor([f"sk-{n}{'Zq8xYw4T' * 5}{n}" for n in range(6)])
    line = ('{"kind":"model_reply","reply":"a market that moved 1.2 % in an hour"}' * 150)[:10_000]
    redactor.text(line)

    began = time.perf_counter()
    for _ in range(20):
        redactor.text(line)

    assert (time.perf_counter() - began) / 20 < 0.002
