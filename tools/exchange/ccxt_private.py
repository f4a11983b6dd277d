"""
A ccxt client that holds keys, and the only place that knows what went over its wire.

Reads are asked again and stay below four fifths of the venue's request weight; whatever is
sent through `once` leaves exactly once. An answer that is not JSON is never taken for an
empty one. No key, secret, signature or signed address gets into a message, an exception or a
log: failures are turned into words here, and ccxt's own exceptions end here.
"""

import logging
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr
from tenacity import RetryCallState, Retrying, retry_if_result, stop_after_attempt

from records.base import Record
from records.clock import Clock, SystemClock, epoch_ms
from records.errors import VenueError
from tools.exchange.ccxt_client import WEIGHT_PER_MINUTE, check_url, check_venue_id, direct
from tools.exchange.ccxt_retry import TRIES, Patience, is_transient, may_wait, retry_after_s
from tools.exchange.symbols import venue_symbol
from tools.exchange.venue_profiles import PROVEN

RECV_WINDOW_MS = 5_000
WEIGHT_SHARE = 0.8
_MINUTE_S = 60.0
_NO_SUCH_PAGE = 404
_MOST_WORDS = 160
_NONSENSE = (KeyError, IndexError, TypeError, ValueError, AttributeError, ArithmeticError)
_ADDRESS = re.compile(r"https?://\S*")
_SIGNED = re.compile(r"signature=\S*|\b[0-9a-fA-F]{64}\b")


class KeyRights(Record):
    """What the venue says that the key may do."""

    may_withdraw: bool | None
    """None: the venue does not say."""


@dataclass(frozen=True)
class Failure:
    """A request that did not end in an answer that can be used, in safe words."""

    kind: type[BaseException]
    words: str
    requested: bool
    connected: bool
    status: int | None = None
    code: int | None = None
    retry_after_s: float | None = None

    @property
    def order_missing(self) -> bool:
        """The venue itself said that it knows no such order."""
        import ccxt

        return issubclass(self.kind, ccxt.OrderNotFound) and self.status is not None

    @property
    def worth_another_try(self) -> bool:
        transient = self.kind in _NONSENSE or is_transient(self.kind)
        return transient and may_wait(self.status, self.retry_after_s)


class PrivateClient:
    """One account at one venue; the connection is kept alive until `close`."""

    def __init__(
        self,
        venue_id: str,
        *,
        key: SecretStr,
        secret: SecretStr,
        password: SecretStr | None = None,
        clock: Clock | None = None,
        exchange_url: str | None = None,
        testnet: bool = False,
        timeout_s: float = 10.0,
        listed: tuple[Any, Any] | None = None,
        weight_limit: int | None = None,
        pause: Callable[[float], None] = time.sleep,
    ) -> None:
        """`listed`: ccxt's markets and currencies, as CcxtMarket.listed has them."""
        check_venue_id(venue_id)
        check_url(exchange_url)
        self.name = venue_id
        self._secrets = [one.get_secret_value() for one in (key, secret, password) if one]
        self._url = exchange_url
        self._pause = pause
        self._listed = listed
        self._exchange = _keyed(venue_id, key, secret, password, timeout_s)
        direct(self._exchange, exchange_url=exchange_url, testnet=testnet)
        self._wire = _Wire(self._exchange)
        self._weight = _Weight(_limit(venue_id, weight_limit))
        self.follow(clock or SystemClock())

    def follow(self, clock: Clock) -> None:
        """Sign requests with this clock's time: the venue's, as the cycle measured it.

        The machine's own clock may be set while a cycle runs.
        """
        self._exchange.milliseconds = lambda: epoch_ms(clock.now())
        self._exchange.options["timeDifference"] = 0

    def now_ms(self) -> int:
        """The venue's time, milliseconds since 1970."""
        return int(self._exchange.milliseconds() - self._exchange.options["timeDifference"])

    def market(self, symbol: str) -> Any | None:
        """ccxt's market of a symbol; None when the venue lists none."""
        spelling = venue_symbol(symbol, self._markets(), contracts_first=True)
        return None if spelling is None else self._exchange.market(spelling)

    def contract(self, symbol: str) -> Any:
        """The same, but VenueError when there is none."""
        market = self.market(symbol)
        if market is None:
            raise VenueError(f"{self.name} lists no market {symbol[:40]}. Nothing was sent for it.")
        return market

    def market_of(self, spelling: object) -> Any:
        """The market that an answer names in ccxt's own spelling; VenueError when unknown."""
        market = self._markets().get(spelling)
        if market is None:
            raise VenueError(f"{self.name} answered about an unknown market {spelling!r:.40}.")
        return market

    @property
    def exchange(self) -> Any:
        """The ccxt client, for what needs no request."""
        return self._exchange

    @property
    def last_answer(self) -> Any:
        """The JSON of the last answer, as the venue wrote it."""
        return self._wire.parsed

    def read(self, what: str, ask: Callable[[Any], Any], *, rows: bool = False) -> Any:
        """What the venue answers; `rows`: a JSON list is due. VenueError when it does not."""
        answer = self.ask(ask, rows=rows)
        if isinstance(answer, Failure):
            raise self.unreadable(what, answer)
        return answer

    def ask(self, ask: Callable[[Any], Any], *, rows: bool = False) -> Any:
        """The same, with a Failure for what `read` raises."""
        self._markets()
        asked: list[float | None] = [None]

        def stumbled(answer: Any) -> bool:
            asked[0] = answer.retry_after_s if isinstance(answer, Failure) else None
            return isinstance(answer, Failure) and answer.worth_another_try

        tries = Retrying(
            stop=stop_after_attempt(TRIES),
            wait=Patience(lambda: asked[0]),
            retry=retry_if_result(stumbled),
            retry_error_callback=_last,
            sleep=self._pause,
        )
        return tries(self._asked, ask, rows)

    def once(self, send: Callable[[Any], Any]) -> Any:
        """What the venue answers to one request that is never repeated, or a Failure."""
        self._markets()
        return self._attempt(send)

    def unreadable(self, what: str, failure: Failure) -> VenueError:
        """The error for people."""
        where = " at exchange_url" if self._url else ""
        return VenueError(
            f"{self.name}{where} cannot be asked for {what}: {self._state(failure)}. Nothing was "
            "changed there. Check the network, the keys and the venue's status, then run again."
        )

    def safe(self, text: str) -> str:
        """Foreign words in one short line, without anything secret."""
        text = _SIGNED.sub("***", _ADDRESS.sub("", text))
        for secret in filter(None, self._secrets):
            text = text.replace(secret, "***")
        return " ".join(text.split())[:_MOST_WORDS]

    def close(self) -> None:
        """End the connection."""
        self._exchange.session.close()

    def _asked(self, ask: Callable[[Any], Any], rows: bool) -> Any:
        """One try of a read; a clock that drifted is set right once."""
        import ccxt

        self._pause_for_weight()
        answer = self._attempt(ask, rows=rows)
        if not (isinstance(answer, Failure) and issubclass(answer.kind, ccxt.InvalidNonce)):
            return answer
        self._attempt(lambda exchange: exchange.load_time_difference())
        return self._attempt(ask, rows=rows)

    def _attempt(self, work: Callable[[Any], Any], *, rows: bool = False) -> Any:
        import ccxt

        self._wire.clear()
        try:
            answer = work(self._exchange)
        except (ccxt.BaseError, *_NONSENSE) as problem:
            return self._failure(problem)
        finally:
            self._weight.note(self._wire.headers)
            self._wire.forget()
        if rows and not isinstance(self._wire.parsed, list):
            return self._nonsense("the venue's answer is no list")
        return answer

    def _failure(self, problem: BaseException) -> Failure:
        wire = self._wire
        code, words = wire.refusal()
        kind = _kind(problem)
        said = words or (str(problem) if wire.status or not wire.requested else "no answer came")
        return Failure(
            kind=kind,
            words=self.safe(f"{type(problem).__name__}: {said}"),
            requested=wire.requested,
            connected=not _never_connected(problem),
            status=wire.status,
            code=code,
            retry_after_s=retry_after_s(wire.headers),
        )

    def _nonsense(self, words: str) -> Failure:
        return Failure(
            kind=TypeError, words=words, requested=True, connected=True, status=self._wire.status
        )

    def _pause_for_weight(self) -> None:
        pause_s = self._weight.pause_s()
        if pause_s > 0:
            self._pause(pause_s)

    def _state(self, failure: Failure) -> str:
        """The failure in words; that it is maintenance, when the venue says so."""
        import ccxt

        if failure.kind is ccxt.OnMaintenance:
            return f"it is under maintenance ({failure.words})"
        if self._url is None and failure.kind is ccxt.ExchangeNotAvailable:
            status = self._attempt(lambda exchange: exchange.fetch_status())
            if isinstance(status, Mapping) and status.get("status") == "maintenance":
                return f"it is under maintenance, as it says itself ({failure.words})"
        return failure.words

    def _markets(self) -> Any:
        if self._exchange.markets is None:
            if self._listed is not None:
                self._exchange.set_markets(*self._listed)
            else:
                self._load()
        return self._exchange.markets

    def _load(self) -> None:
        failure = self._attempt(lambda exchange: exchange.load_markets())
        for _ in range(TRIES - 1):
            if not (isinstance(failure, Failure) and failure.worth_another_try):
                break
            self._pause(failure.retry_after_s or 1.0)
            failure = self._attempt(lambda exchange: exchange.load_markets())
        if isinstance(failure, Failure):
            raise self.unreadable("its markets", failure)


def key_rights(client: PrivateClient) -> KeyRights:
    """What this key may do; VenueError when the venue cannot be asked."""
    ask = getattr(client.exchange, "sapi_get_account_apirestrictions", None)
    if ask is None:
        return KeyRights(may_withdraw=None)
    answer = client.ask(lambda exchange: exchange.sapi_get_account_apirestrictions())
    if isinstance(answer, Failure):
        if answer.status == _NO_SUCH_PAGE:
            return KeyRights(may_withdraw=None)
        raise client.unreadable("the rights of its key", answer)
    said = answer.get("enableWithdrawals") if isinstance(answer, Mapping) else None
    if not isinstance(said, bool):
        raise VenueError(
            f"{client.name} was asked what its key may do and gave no answer that can be read. "
            "Nothing is opened with it."
        )
    return KeyRights(may_withdraw=said)


class _Wire:
    """The last request and its answer, noted from inside ccxt."""

    def __init__(self, exchange: Any) -> None:
        self._exchange = exchange
        self._parse = exchange.parse_json
        self.clear()
        exchange.on_rest_response = self._answered
        exchange.parse_json = self._parsed

    def clear(self) -> None:
        """Before a call: nothing was asked, nothing came."""
        self.status: int | None = None
        self.headers: Mapping[str, str] | None = None
        self.parsed: Any = None
        self.requested = False
        self._exchange.last_request_url = None

    def forget(self) -> None:
        """After a call: the signed request is kept nowhere."""
        self.requested = self._exchange.last_request_url is not None
        self._exchange.set_last_request({"url": None, "headers": None, "body": None})

    def refusal(self) -> tuple[int | None, str]:
        """The venue's own code and words, where its answer has them."""
        self.requested = self.requested or self._exchange.last_request_url is not None
        if not isinstance(self.parsed, Mapping):
            return None, ""
        code, words = self.parsed.get("code"), str(self.parsed.get("msg", ""))
        known = isinstance(code, int) and not isinstance(code, bool)
        return (code, f"{code} {words}") if known else (None, words)

    def _answered(self, status: int, *seen: Any) -> str:
        """ccxt's hook: reason, url, method, headers, body, request headers, request body."""
        self.status, self.headers, self.parsed = status, seen[3], None
        return str(seen[4]).strip()

    def _parsed(self, text: str) -> Any:
        self.parsed = self._parse(text)
        if self.parsed is None and self.status is not None and 200 <= self.status < 300:
            import ccxt

            raise ccxt.BadResponse(f"its answer with status {self.status} cannot be read")
        return self.parsed


class _Weight:
    """How much of the minute's request weight is used, as the venue counts it."""

    def __init__(self, limit: int | None) -> None:
        self._most = None if limit is None else limit * WEIGHT_SHARE
        self._used = 0
        self._at_s = 0.0

    def note(self, headers: Mapping[str, str] | None) -> None:
        used = (headers or {}).get("X-MBX-USED-WEIGHT-1M", "")
        if used.isascii() and used.isdigit():
            self._used, self._at_s = int(used), time.monotonic()

    def pause_s(self) -> float:
        """Seconds until what was used no longer counts; 0 while there is room."""
        if self._most is None or self._used < self._most:
            return 0.0
        return max(0.0, self._at_s + _MINUTE_S - time.monotonic())


def _keyed(
    venue_id: str, key: SecretStr, secret: SecretStr, password: SecretStr | None, timeout_s: float
) -> Any:
    import ccxt

    exchange = getattr(ccxt, venue_id)(
        {
            "apiKey": key.get_secret_value(),
            "secret": secret.get_secret_value(),
            "password": password.get_secret_value() if password else None,
            # A weight per minute is watched by _Weight; a pause before each call serves others.
            "enableRateLimit": venue_id not in WEIGHT_PER_MINUTE,
            "timeout": int(timeout_s * 1000),
            "options": {
                "fetchCurrencies": False,
                "recvWindow": RECV_WINDOW_MS,
                "warnOnFetchOpenOrdersWithoutSymbol": False,
                "defaultType": "swap",
            },
        }
    )
    exchange.number = str  # no amount passes through a binary float
    exchange.logger = _SILENT  # ccxt's debug lines hold the key
    logging.getLogger("urllib3.connectionpool").addFilter(_unsigned)
    return exchange


_SILENT = logging.Logger(f"{__name__}.wire", level=logging.CRITICAL + 1)


def _unsigned(record: logging.LogRecord) -> bool:
    """Drops what urllib3 notes of signed addresses."""
    return "signature=" not in record.getMessage()


def _limit(venue_id: str, asked: int | None) -> int | None:
    profile = PROVEN.get(venue_id)
    return asked if asked is not None else profile.weight_per_minute if profile else None


def _last(state: RetryCallState) -> Any:
    assert state.outcome is not None
    return state.outcome.result()


def _kind(problem: BaseException) -> type[BaseException]:
    return next((one for one in _NONSENSE if isinstance(problem, one)), type(problem))


def _never_connected(problem: BaseException) -> bool:
    """
    No connection was made, so nothing was sent.

    Only ccxt's explicit cause is looked at: the context of an exception may be the failure
    of an earlier request.
    """
    import requests
    from urllib3.exceptions import MaxRetryError, NewConnectionError

    cause = problem.__cause__
    if isinstance(cause, requests.exceptions.ConnectTimeout):
        return True
    inner = cause.args[0] if isinstance(cause, requests.ConnectionError) and cause.args else None
    return isinstance(inner, MaxRetryError) and isinstance(inner.reason, NewConnectionError)
