"""
Reads what a public JSON interface answers, as the record that was expected.

Stricter than with a model's answer: the object stands alone, without fence or prose. Keys
that the record does not ask for are its own affair. No word of an answer gets into an error.
"""

import json

from pydantic import BaseModel, ValidationError

from records.strict import NotStrict, faults, one_object
from tools.web.fetch import Unreadable, fetch
from tools.web.limits import WebLimits


def read_answer[R: BaseModel](
    record: type[R], url: str, limits: WebLimits, *, deadline: float | None = None
) -> R:
    """The one JSON object at this address; raises Unreadable."""
    body = fetch(url, limits, accept="application/json", deadline=deadline)
    return as_answer(record, body, limits.max_bytes)


def as_answer[R: BaseModel](record: type[R], body: bytes, max_bytes: int) -> R:
    """The one JSON object that a body is; raises Unreadable."""
    try:
        return record.model_validate(_object(body, max_bytes))
    except (NotStrict, UnicodeDecodeError, json.JSONDecodeError):
        raise Unreadable("it did not answer with one plain JSON object") from None
    except ValidationError as error:
        raise Unreadable(f"its answer is not what was asked for ({faults(error)})") from None


def _object(body: bytes, max_bytes: int) -> object:
    text = body.decode()
    if not text.lstrip().startswith("{"):
        raise NotStrict("something stands before the object")
    found = one_object(text, max_bytes=max_bytes)
    json.loads(text)  # refuses what stands behind it
    return found
