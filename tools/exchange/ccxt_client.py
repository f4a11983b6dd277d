"""
An ordinary ccxt client for public data, and how it is pointed at another base URL.

No key ever enters it, and it never asks for one: `fetchCurrencies` is off because some
venues answer it only to signed requests. It only reads, so every request may be asked again.
"""

from collections.abc import Mapping
from difflib import get_close_matches
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from records.errors import SettingsError
from tools.exchange.ccxt_retry import patient

# Their limit is a weight per minute, so a burst within it is allowed; other venues limit the pace.
WEIGHT_PER_MINUTE = frozenset({"binance", "binanceusdm", "binanceus", "binancecoinm"})
_NOT_VENUES = frozenset({"base", "abstract", "__init__"})


def check_venue_id(venue_id: str) -> None:
    """Raise SettingsError when ccxt has no such venue; does not import ccxt."""
    known = _known_ids()
    if venue_id in known:
        return
    near = get_close_matches(venue_id, known, n=3)
    hint = f"Did you mean {', '.join(near)}?" if near else "Such as binance, bybit, kraken or okx."
    raise SettingsError(
        f"{venue_id[:60]!r} is not a venue: neither demo, replay nor a ccxt exchange id. "
        f"Nothing was started. {hint}"
    )


def check_url(exchange_url: str | None) -> None:
    """Raise SettingsError when the base URL is not an http address."""
    if exchange_url is None:
        return
    parts = urlsplit(exchange_url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError(
            "exchange_url is not an http:// or https:// address. Nothing was started. "
            "Correct exchange_url, or leave it out for the venue's own address."
        )
    if parts.username is not None or parts.password is not None:
        raise SettingsError(
            "exchange_url holds a name or a password, which would be kept in the ledger and in "
            "transcripts. Nothing was started. Take it out."
        )


def is_loopback(exchange_url: str) -> bool:
    """Whether an address is this machine."""
    return urlsplit(exchange_url).hostname in ("127.0.0.1", "::1", "localhost")


def public_client(
    venue_id: str, *, exchange_url: str | None, timeout_s: float, testnet: bool = False
) -> Any:
    """A fresh client without keys, rate limited, that asks again; the caller closes it."""
    import ccxt.async_support as venues

    exchange = getattr(venues, venue_id)(
        {
            "enableRateLimit": True,
            "timeout": int(timeout_s * 1000),
            "options": {"fetchCurrencies": False},
            "rateLimiterAlgorithm": (
                "rollingWindow" if venue_id in WEIGHT_PER_MINUTE else "leakyBucket"
            ),
        }
    )
    direct(exchange, exchange_url=exchange_url, testnet=testnet)
    exchange.fetch = patient(exchange, exchange.fetch)
    return exchange


def direct(exchange: Any, *, exchange_url: str | None, testnet: bool) -> None:
    """Choose the addresses: the testnet switch first, since it replaces them all."""
    if testnet:
        _use_testnet(exchange)
    if exchange_url is not None:
        point_at(exchange, exchange_url)


def _use_testnet(exchange: Any) -> None:
    """Play money at the venue: its demo trading where it has one, else its sandbox."""
    # ccxt refuses signed requests to Binance's futures sandbox, which was closed.
    if exchange.urls.get("demo"):
        exchange.enable_demo_trading(True)
    elif exchange.urls.get("test"):
        exchange.set_sandbox_mode(True)
    else:
        raise SettingsError(
            f"{exchange.id} has no testnet. Nothing was started. Set mode: paper, or another venue."
        )


def point_at(exchange: Any, base_url: str) -> None:
    """Send every request to another host, keeping each endpoint's path."""
    exchange.urls["api"] = _moved(exchange.urls["api"], base_url.rstrip("/"))
    # ccxt picks a venue's error table by its host name; on another host the codes would be lost.
    table = exchange.exceptions.get("linear")
    if isinstance(table, dict):
        for kind in ("exact", "broad"):
            exchange.exceptions.setdefault(kind, {}).update(table.get(kind, {}))


def _moved(urls: Any, base_url: str) -> Any:
    if isinstance(urls, Mapping):
        return {name: _moved(url, base_url) for name, url in urls.items()}
    return base_url + urlsplit(str(urls)).path if urls else urls


def _known_ids() -> list[str]:
    spec = find_spec("ccxt")
    folders = spec.submodule_search_locations if spec else None
    if not folders:
        raise SettingsError("The ccxt package is missing. Install the project's dependencies.")
    modules = Path(next(iter(folders)), "async_support").glob("*.py")
    return sorted(path.stem for path in modules if path.stem not in _NOT_VENUES)
