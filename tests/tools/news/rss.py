"""Feeds as their servers write them."""

from html import escape


def rss(*items: tuple[str, str, str]) -> bytes:
    """An RSS document of (title, RFC 822 date, summary), escaped as feeds do."""
    rows = "".join(
        f"<item><title>{escape(title)}</title><pubDate>{date}</pubDate>"
        f"<link>http://127.0.0.1:9/never</link><description>{escape(summary)}</description></item>"
        for title, date, summary in items
    )
    return f'<rss version="2.0"><channel><title>f</title>{rows}</channel></rss>'.encode()
