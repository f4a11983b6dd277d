"""
When a read is asked again, and after how long. Orders never come here.

Only trouble of the network or of the venue is worth another try: a refusal stays one, and a
failed authentication most of all. What the venue asks for in Retry-After is kept to; when it
asks for longer than the desk waits, the read fails at once.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_base, wait_exponential_jitter

TRIES = 3
LONGEST_WAIT_S = 30.0
_BACKOFF = wait_exponential_jitter(multiplier=0.2, max=5.0, jitter=0.2)
_BANNED = 418


def retry_after_s(headers: Mapping[str, str] | None) -> float | None:
    """Seconds the venue asks to be left alone; None when it says nothing readable."""
    text = next((v for k, v in (headers or {}).items() if k.lower() == "retry-after"), "")
    return float(text) if text.isascii() and text.isdigit() else None


def is_transient(kind: type[BaseException]) -> bool:
    """Trouble that may be over by the next try."""
    import ccxt

    return issubclass(kind, ccxt.OperationFailed) and not issubclass(kind, ccxt.InvalidNonce)


def may_wait(status: int | None, asked_s: float | None) -> bool:
    """Whether the venue allows another try soon; a ban without an end does not."""
    return status != _BANNED if asked_s is None else asked_s <= LONGEST_WAIT_S


class Patience(wait_base):
    """The venue's own wish, or else an exponential pause with jitter."""

    def __init__(self, asked_s: Callable[[], float | None]) -> None:
        self._asked_s = asked_s

    def __call__(self, retry_state: RetryCallState) -> float:
        asked = self._asked_s()
        return _BACKOFF(retry_state) if asked is None else asked


def patient(exchange: Any, fetch: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
    """An asynchronous client's fetch that asks again; for clients without keys only."""

    def asked_s() -> float | None:
        return retry_after_s(exchange.last_response_headers)

    def again(problem: BaseException) -> bool:
        import ccxt

        if isinstance(problem, ccxt.DDoSProtection | ccxt.RateLimitExceeded):
            status = _BANNED if f" {_BANNED} " in str(problem) else None
            return may_wait(status, asked_s())
        return is_transient(type(problem))

    async def asking(*arguments: Any, **named: Any) -> Any:
        exchange.last_response_headers = None
        tries = AsyncRetrying(
            stop=stop_after_attempt(TRIES),
            wait=Patience(asked_s),
            retry=retry_if_exception(again),
            reraise=True,
        )
        return await tries(fetch, *arguments, **named)

    return asking
