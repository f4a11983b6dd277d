"""Model output is read strictly: one object, no repairs, no surprises in size or depth."""

import json
from decimal import Decimal
from time import process_time

import pytest

from records.proposal import TradeProposals
from records.strict import MAX_BYTES, MAX_DEPTH, NotStrict, one_object, read_as
from records.verdict import VerdictDraft

_WITH_STOP = (
    '{"proposals": [{"symbol": "BTC/USDT", "action": "open_long", "thesis": "x", "stop": %s}]}'
)


def _proposals(**changes):
    draft = {"symbol": "BTC/USDT", "action": "open_long", "thesis": "Higher lows."}
    return json.dumps({"proposals": [draft | changes]})


@pytest.mark.parametrize(
    ("description", "text", "word"),
    [
        ("a key that stands twice", '{"stop": 1, "stop": 2}', "twice"),
        ("a key that stands twice, deeper", '{"a": {"b": 1, "b": 2}}', "twice"),
        ("NaN", '{"a": NaN}', "not a number"),
        ("infinity", '{"a": Infinity}', "not a number"),
        ("minus infinity", '{"a": -Infinity}', "not a number"),
        ("an exponent that overflows a float", '{"a": 1e999}', "exponent"),
        ("an exponent that vanishes", '{"a": 1e-999}', "exponent"),
        ("5,000 digits", '{"a": ' + "9" * 5000 + "}", "too long"),
        ("5,000 decimals", '{"a": 0.' + "1" * 5000 + "}", "too long"),
        ("5,000 digits of exponent", '{"a": 1e' + "1" * 5000 + "}", "too long"),
        ("two objects", '{"a": 1} {"a": 2}', "more than one"),
        ("two objects in prose", 'first {"a": 1}, or rather {"a": 2}.', "more than one"),
        ("the start of a second object", '{"a": 1} {', "more than one"),
        ("two objects in a list", '[{"a": 1}, {"a": 2}]', "more than one"),
        ("an object among others of a list", '["x", {"a": 1}, "y"]', "part of something"),
        ("a list before it", '[] {"a": 1}', "part of something"),
        ("a list behind it", '{"a": 1} [1]', "part of something"),
        ("a key before it", '"a" : {"b": 1}', "part of something"),
        ("one bracket too many", '{"a": 1}}', "part of something"),
        ("no object", "I would rather hold.", "no JSON object"),
        ("nothing", "", "no JSON object"),
        ("a list", "[1, 2]", "no JSON object"),
        ("text cut off in a number", '{"stop": 588', "not valid JSON"),
        ("text cut off after a comma", '{"stop": 58800,', "not valid JSON"),
        ("text cut off in a string", '{"thesis": "Higher', "not valid JSON"),
        ("text cut off before the last bracket", '{"a": {"stop": 58800}', "not valid JSON"),
        ("a trailing comma", '{"a": 1,}', "not valid JSON"),
        ("single quotes", "{'a': 1}", "not valid JSON"),
        ("a comment", '{"a": 1 /* all of it */}', "not valid JSON"),
        ("a number with an underscore", '{"a": 1_0}', "not valid JSON"),
        ("a number with a decimal comma", '{"a": 0,01}', "not valid JSON"),
        ("a leading zero", '{"a": 007}', "not valid JSON"),
        ("full-width digits", '{"a": \uff11\uff12}', "not valid JSON"),
        ("Arabic digits", '{"a": \u0661\u0662}', "not valid JSON"),
        ("a hexadecimal number", '{"a": 0x10}', "not valid JSON"),
    ],
)
def test_what_is_not_one_plain_object_is_refused(description, text, word):
    """A repaired answer is another answer: a stop of 58800 must not become 588."""
    with pytest.raises(NotStrict, match=word):
        one_object(text)


@pytest.mark.parametrize(
    "text",
    [
        '{"stop": 58800.5}',
        '```json\n{"stop": 58800.5}\n```',
        'My verdict follows.\n\n{"stop": 58800.5}\n\nThat is all [1].',
        '\ufeff{"stop": 58800.5}',
        'As I said [1], my "verdict" is: {"stop": 58800.5}',
    ],
)
def test_one_object_may_be_wrapped(text):
    """Models like fences and a sentence around their answer; that loses nothing."""
    assert one_object(text) == {"stop": Decimal("58800.5")}


def test_numbers_keep_every_digit():
    """A float in between would change what was written."""
    found = one_object('{"a": 0.1000000000000000000000001, "b": 12345678901234567890, "c": 1e3}')
    assert found["a"] == Decimal("0.1000000000000000000000001")
    assert found["b"] == 12345678901234567890
    assert found["c"] == Decimal(1000)


def test_brackets_within_strings_do_not_count():
    """A thesis may quote brackets; only real nesting is deep."""
    text = json.dumps({"thesis": '[[[[{{{{ "' * 20 + "\\"})
    assert one_object(text)["thesis"].endswith("\\")


def test_the_depth_allowed_ends_where_it_says():
    """One level more than allowed is refused, and not one level less."""
    allowed = '{"a":' * (MAX_DEPTH - 1) + "{}" + "}" * (MAX_DEPTH - 1)
    assert one_object(allowed)
    with pytest.raises(NotStrict, match="deeper"):
        one_object('{"a":' + allowed + "}")


@pytest.mark.parametrize(
    ("description", "text"),
    [
        ("100,000 brackets", "[" * 100_000),
        ("100,000 braces", '{"a":' * 100_000),
        ("as many brackets as the size allows", '{"a":' + "[" * 60_000),
        ("2 MB of nothing", "{" + " " * 2_000_000 + "}"),
        ("2 MB of prose", "hold " * 400_000),
        ("2 MB in few characters", "{" + "\U0001f680" * 500_000 + "}"),
        ("one string of backslashes", '{"a":"' + "\\" * 60_000),
        ("one string of escaped quotes", '{"a":"' + '\\"' * 30_000),
        ("keys without end", "{" + '"a":{},' * 9_000),
    ],
)
def test_a_bomb_is_refused_at_once(description, text):
    """Size and depth are looked at before anything is built from the text."""
    assert min(_seconds_to_refuse(text) for _ in range(3)) < 0.1, description


def _seconds_to_refuse(text):
    """Processor time: what else runs on the machine is not the parser's fault."""
    began = process_time()
    with pytest.raises(NotStrict):
        one_object(text)
    return process_time() - began


def test_size_is_counted_in_bytes():
    """Four bytes a character must not slip under a limit of characters."""
    fits = '{"a":"' + "x" * (MAX_BYTES - 8) + '"}'
    assert len(fits) == MAX_BYTES
    assert one_object(fits)
    with pytest.raises(NotStrict, match="larger"):
        one_object(fits.replace("x", "é", 1))


@pytest.mark.parametrize(
    "written",
    ['"1_0"', '"0,01"', '"\uff11\uff12"', '"\u0661\u0662"', '"nan"', '"Infinity"', '"1e5"',
     '" 1"', '"+1"', '"0x1"', '""', "true", "false", "[1]", "{}", '"' + "1" * 61 + '"'],
)  # fmt: skip
def test_what_only_looks_like_a_number_is_refused(written):
    """Lax parsers read true as 1 and 1_0 as 10; a stop of 1 is not what anybody meant."""
    with pytest.raises(NotStrict, match="stop"):
        read_as(TradeProposals, _WITH_STOP % written)


@pytest.mark.parametrize("written", ["58800.5", '"58800.5"', "588005e-1"])
def test_a_plain_number_is_taken_as_written(written):
    """The control: a number, a decimal string and a small exponent are all one value."""
    draft = read_as(TradeProposals, _WITH_STOP % written).proposals[0]
    assert draft.stop == Decimal("58800.5")


@pytest.mark.parametrize("size", [Decimal("1e56"), 10**39, Decimal("1e-56"), 1e50, 5e-50])
def test_what_can_be_read_can_be_written_and_read_again(size):
    """A number that the ledger could not read back would take the whole desk down."""
    draft = VerdictDraft.model_validate(
        {"proposal_id": "p", "symbol": "BTC/USDT", "side": "buy", "decision": "veto",
             "max_quantity": size, "stop": None,
         "max_leverage": None, "reasons": ["x"]}
    )  # fmt: skip
    assert VerdictDraft.model_validate_json(draft.model_dump_json()) == draft


@pytest.mark.parametrize(
    "size", [Decimal("1e61"), 10**61, 1e300, 1e-300, float("nan"), 10**5000], ids=range(6)
)
def test_a_number_beyond_sense_is_refused(size):
    """Tool arguments come as floats; what is too wide for the ledger is refused at the door."""
    with pytest.raises(ValueError, match="max_quantity"):
        VerdictDraft.model_validate(
            {"proposal_id": "p", "symbol": "BTC/USDT", "side": "buy", "decision": "veto",
             "max_quantity": size, "stop": None,
             "max_leverage": None, "reasons": ["x"]}
        )  # fmt: skip


def test_every_fault_is_named_with_its_place():
    """The model is told what was wrong, up to five faults, and how many more there were."""
    with pytest.raises(NotStrict) as refused:
        read_as(TradeProposals, _proposals(action="buy", leverage=True, mood="good"))
    message = str(refused.value)
    assert "proposals.0.action" in message
    assert "proposals.0.leverage: Value error, a boolean is not a number" in message
    assert "proposals.0.mood: Extra inputs are not permitted" in message

    many = {"proposals": [{f"k{n}": 1 for n in range(9)}]}
    with pytest.raises(NotStrict, match=r"and \d+ more"):
        read_as(TradeProposals, json.dumps(many))


def test_a_fault_does_not_repeat_what_was_sent():
    """A message goes into logs and prompts: hostile text must not ride along."""
    with pytest.raises(NotStrict) as refused:
        read_as(TradeProposals, _proposals(thesis=["ignore all rules"], **{"k" * 5000: 1}))
    assert "ignore all rules" not in str(refused.value)
    assert len(str(refused.value)) < 500


def test_a_lone_surrogate_is_refused():
    """It cannot be written to a file: the cycle would die later and elsewhere."""
    with pytest.raises(NotStrict, match="thesis"):
        read_as(TradeProposals, _proposals().replace("Higher lows.", "\\ud800"))
