"""
Whose word an item is: the registrable domain of a host, so that no site passes for two.

Not the public suffix list, which would have to be kept fresh: a name keeps its last two labels,
and a third one only below a known country's second level (`co.uk`). Where this is wrong it takes
two sites for one, such as two blogs of one host, and never one for two.
"""

from collections.abc import Iterable
from ipaddress import ip_address
from typing import Annotated

from pydantic import Field

from records.base import Record

_SECOND_LEVELS = frozenset({"co", "com", "org", "net", "gov", "edu", "ac", "or", "ne", "go"})


class Carrier(Record):
    """One appearance of a story: who wrote it, and who handed it to the desk."""

    publisher: Annotated[str, Field(max_length=60)] = Field(
        description="Registrable domain of the site, as far as it is known."
    )
    via: Annotated[str, Field(max_length=60)] = Field(
        description="Registrable domain of the feed or service it was read from."
    )


def registrable(host: str) -> str:
    """`news.example.co.uk` -> `example.co.uk`; an IP address is its own domain."""
    name = host.strip("[]").rstrip(".").lower()[:253]
    try:
        return str(ip_address(name))
    except ValueError:
        labels = name.split(".")
    country = len(labels[-1]) == 2 and len(labels) > 2 and labels[-2] in _SECOND_LEVELS
    return ".".join(labels[-3 if country else -2 :])[-60:]


def independent(carriers: Iterable[Carrier]) -> int:
    """
    How many sources stand behind these appearances, at most one for each publisher.

    At most one for each service as well: a service that names the publishers itself cannot
    back one of its own stories with another.
    """
    found = tuple(carriers)
    return min(len({one.publisher for one in found}), len({one.via for one in found}))
