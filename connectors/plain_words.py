"""How an address, a connection that failed and an answer that is none are told: in plain words, without a query, a
secret or a person. Knows no session and no vendor."""

from __future__ import annotations

import re
from urllib.parse import urlsplit


def origin(address: str) -> tuple[str, str, int]:
    """Scheme, host and port: what credentials belong to."""
    parts = urlsplit(address)
    try:
        port = parts.port
    except ValueError:
        port = -1
    return parts.scheme.lower(), (parts.hostname or "").lower(), port or (443 if parts.scheme == "https" else 80)


def told_origin(address: str) -> str:
    """The same as people write it."""
    scheme, host, port = origin(address)
    usual = {"http": 80, "https": 443}.get(scheme) == port
    return f"{scheme}://{host}" + ("" if usual else f":{port}")


def shown_path(address: str) -> str:
    """The path of an address without its query; parts that may name a person are left out."""
    return re.sub(r"[^/]*(@|%40)[^/]*", "…", urlsplit(address).path)


def why_failed(error: Exception) -> str:
    """Why a connection failed, in words: the exception's own text holds the whole address with its query."""
    text = f"{type(error).__name__} {error!r}"
    known = (
        ("NameResolution|getaddrinfo", "the host name is not known"),
        ("refused", "nothing answers there (connection refused)"),
        ("ReadTimeout|timed out", "no answer in time"),
        ("reset|aborted|RemoteDisconnected", "the connection was cut"),
        ("InvalidURL|MissingSchema|InvalidSchema", "this is not an address; check url"),
        ("Proxy", "the proxy does not let this through"),
    )
    return next((words for pattern, words in known if re.search(pattern, text)), "the connection failed")


def facts_of(content_type: str, body: bytes) -> str:
    """What an answer looks like, without what it says."""
    kind = content_type.partition(";")[0].strip().lower()[:40] or "no content type"
    start = body[:200].lstrip().lower()
    looks = "an HTML page" if start.startswith(b"<") else "JSON that breaks off" if start[:1] in b"{[" else "text"
    return f"{kind}, {len(body)} bytes, {looks if body else 'empty'}"
