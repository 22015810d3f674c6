"""How a system is asked over HTTP: one session, credentials that stay at home, bounded patience, errors in plain words.

Knows no vendor. What is sent and how pages follow each other is each connector's own business.
"""

from __future__ import annotations

import base64
import email.utils
import json
import logging
import re
import time
from collections import deque
from collections.abc import Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar
from urllib.parse import urljoin, urlsplit

import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase
from urllib3.exceptions import InvalidHeader, MaxRetryError, ResponseError
from urllib3.util.retry import Retry

from impact.model import SourceChanged, SourceRefused, SourceUnavailable

AGENT = "customer-impact-dashboard"
TIMEOUT = (15.0, 90.0)
"""Seconds to connect and to wait for an answer: servers are slow on their first wide page."""
WORTH_REPEATING = (429, 500, 502, 503, 504)
REDIRECTS = 3
READ_AHEAD = 50
"""Pages read while earlier ones are stored: a few thousand records of memory for time that storing takes anyway."""
BODY_ATTEMPTS = 3
"""How often an answer that broke off in the middle is asked for (it has already begun, so urllib3 does not)."""
Params = Mapping[str, str] | Iterable[tuple[str, str]]
Item = TypeVar("Item")


@dataclass(frozen=True)
class Patience:
    """How long a request is worth repeating: at most ``attempts`` times more and ``seconds`` in all.

    ``longest_wait``: a server that asks for a longer pause is left alone until the next sync. Pauses double from
    ``backoff`` seconds on, plus a random part up to ``jitter``.
    """

    attempts: int = 5
    seconds: float = 240.0
    longest_wait: float = 90.0
    backoff: float = 0.5
    jitter: float = 0.5


NO_PATIENCE = Patience(attempts=0)


class Http:
    """A session with one system. Credentials go to the origin of ``url`` only; cookies are not kept.

    ``headers`` are the credentials (or use ``basic`` = user, password); ``verify`` is True, False, or the file of a
    certificate authority. Every method raises SourceUnavailable (worth another try later), SourceRefused (wrong
    credentials, missing right, foreign redirect) or SourceChanged (an answer that is not understood); messages hold
    host, path and status, never a query, a token or a person.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        basic: tuple[str, str] | None = None,
        verify: bool | str = True,
        patience: Patience | None = None,
        timeout: tuple[float, float] = TIMEOUT,
    ) -> None:
        self.url = url.rstrip("/")
        self.origin = _origin(self.url)
        self.server_time: datetime | None = None
        """The server's clock at its latest answer (header Date), UTC; None before the first answer or without it."""
        self.clock_skew: timedelta | None = None
        """How far the server's clock was ahead of ours at its latest answer."""
        self._timeout = timeout
        self._verify = verify
        if verify is False:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        self._session = requests.Session()
        self._session.headers.update({"User-Agent": AGENT, "Accept": "application/json"})
        self._session.auth = _Credentials(self.origin, _credentials(headers, basic))
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = HTTPAdapter(max_retries=_BoundedRetry.of(patience or Patience()))
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def get(self, path: str, params: Params = (), *, missing_ok: bool = False) -> Any:
        """The JSON at ``path`` below the url; None for 204, and for 404 and 410 where ``missing_ok``."""
        return self._read(f"{self.url}/{path.lstrip('/')}", params, missing_ok=missing_ok)

    def follow(self, link: str) -> Any:
        """The JSON behind a link that the server itself gave, such as its next page. Refuses other origins."""
        address = urljoin(f"{self.url}/", link)
        if _origin(address) != self.origin:
            raise SourceRefused(
                f"{self._host} names {_told_origin(address)} as the place of its next page. Credentials are only sent "
                f"to {_told_origin(self.url)}; correct the server's own base address, or url in the settings."
            )
        return self._read(address, (), missing_ok=False)

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    @property
    def _host(self) -> str:
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def _read(self, address: str, params: Params, *, missing_ok: bool) -> Any:
        pairs = list(params.items() if isinstance(params, Mapping) else params)
        response = self._send(address, pairs)
        for _ in range(REDIRECTS):
            if not response.is_redirect:
                break
            response = self._send(self._redirected(response), [])
        self._judge(response, missing_ok=missing_ok)
        if response.status_code == 204 or response.status_code in (404, 410):
            return None
        return self._json(response)

    def _send(self, address: str, params: list[tuple[str, str]]) -> requests.Response:
        where = f"{self._host}{_shown_path(address)}"
        for attempt in range(BODY_ATTEMPTS):
            try:
                response = self._session.get(
                    address, params=params, timeout=self._timeout, verify=self._verify, allow_redirects=False
                )
            except requests.exceptions.ChunkedEncodingError:
                if attempt + 1 == BODY_ATTEMPTS:
                    raise SourceUnavailable(f"{where}: the answer broke off in the middle, several times.") from None
                continue
            except requests.exceptions.SSLError:
                raise SourceRefused(
                    f"{where}: the server's certificate is not trusted. Set verify to the file of the certificate "
                    "authority that signed it."
                ) from None
            except requests.exceptions.Timeout:
                raise SourceUnavailable(f"{where}: no answer within {self._timeout[1]:.0f} s.") from None
            except requests.exceptions.RequestException as error:
                raise SourceUnavailable(f"{where}: {_reason(error)}.") from None
            self._note_time(response)
            return response
        raise AssertionError("unreachable")  # pragma: no cover

    def _note_time(self, response: requests.Response) -> None:
        try:
            said = email.utils.parsedate_to_datetime(response.headers["Date"])
        except (KeyError, TypeError, ValueError):
            return
        self.server_time = said.replace(tzinfo=said.tzinfo or UTC).astimezone(UTC)
        self.clock_skew = self.server_time - datetime.now(UTC)

    def _redirected(self, response: requests.Response) -> str:
        target = urljoin(response.url, response.headers.get("Location", ""))
        if _origin(target) != self.origin:
            raise SourceRefused(
                f"{self._host}{_shown_path(response.url)} redirects to {_told_origin(target)}. Credentials are only "
                f"sent to {_told_origin(self.url)}; if the system moved, change url in the settings."
            )
        return target

    def _judge(self, response: requests.Response, *, missing_ok: bool) -> None:
        status = response.status_code
        where = f"{self._host}{_shown_path(response.url)} answered {status}"
        if status in (401, 403, 407):
            raise SourceRefused(
                f"{where}: it does not accept these credentials, or they lack a right. Check them in the settings."
            )
        if status in WORTH_REPEATING or status >= 500:
            wait = response.headers.get("Retry-After", "")
            asks = f" It asks for a pause of {wait} s." if wait.isascii() and wait.isdigit() and len(wait) < 8 else ""
            raise SourceUnavailable(f"{where}: it cannot answer now.{asks} The next sync tries again.")
        if status in (404, 410) and missing_ok:
            return
        if not 200 <= status < 300:
            raise SourceChanged(
                f"{where}: it did not understand the request. Check url, and the version of the system."
            )

    def _json(self, response: requests.Response) -> Any:
        body = response.content
        try:
            return json.loads(body)
        except ValueError:
            raise SourceChanged(
                f"{self._host}{_shown_path(response.url)} answered {response.status_code} without readable JSON "
                f"({_facts(response.headers.get('Content-Type', ''), body)}). Check url: it may be a sign-in page or a "
                "proxy that answers."
            ) from None


def ahead(pages: Generator[Item, None, None], *, most: int = READ_AHEAD) -> Generator[Item, None, None]:
    """The same pages, the next ones (at most ``most``) being read in a thread while the caller works on this one."""
    end: Any = object()
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="read-ahead") as worker:
        coming = deque(worker.submit(next, pages, end) for _ in range(most))
        try:
            while (page := coming.popleft().result()) is not end:
                coming.append(worker.submit(next, pages, end))
                yield page
        finally:
            for read in coming:
                read.cancel()
            worker.submit(pages.close).result()


class _Credentials(AuthBase):
    """Adds the credentials, and only at the configured origin; being there at all keeps .netrc out."""

    def __init__(self, origin: tuple[str, str, int], headers: Mapping[str, str]) -> None:
        self._origin, self._headers = origin, dict(headers)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if _origin(request.url or "") == self._origin:
            request.headers.update(self._headers)
        return request


class _BoundedRetry(Retry):
    """urllib3's Retry with an end in time, and no waiting for a server that asks for too long a pause."""

    seconds = 0.0
    longest_wait = 0.0
    ends_at: float | None = None

    @classmethod
    def of(cls, patience: Patience) -> _BoundedRetry:
        retry = cls(
            total=patience.attempts,
            redirect=False,
            status_forcelist=WORTH_REPEATING,
            allowed_methods=("GET", "HEAD"),
            backoff_factor=patience.backoff,
            backoff_jitter=patience.jitter,
            backoff_max=patience.longest_wait,
            raise_on_status=False,
        )
        retry.seconds, retry.longest_wait = patience.seconds, patience.longest_wait
        return retry

    def new(self, **kw: Any) -> _BoundedRetry:
        fresh = super().new(**kw)
        fresh.seconds, fresh.longest_wait, fresh.ends_at = self.seconds, self.longest_wait, self.ends_at
        return fresh

    def parse_retry_after(self, retry_after: str) -> float:
        try:
            return super().parse_retry_after(retry_after)
        except (InvalidHeader, ValueError, OverflowError):
            return 0.0  # nonsense: our own pauses apply

    def increment(self, *args: Any, **kwargs: Any) -> _BoundedRetry:
        following = super().increment(*args, **kwargs)
        response = kwargs.get("response")
        asked = (self.get_retry_after(response) or 0.0) if response is not None else 0.0
        wait = asked or following.get_backoff_time()
        now = time.monotonic()
        following.ends_at = self.ends_at if self.ends_at is not None else now + self.seconds
        if asked > self.longest_wait or now + wait > following.ends_at:
            raise MaxRetryError(kwargs["_pool"], None, kwargs.get("error") or ResponseError("patience is at its end"))
        return following


class _WithoutQuery(logging.Filter):
    """Takes query strings and addresses of people out of what urllib3 logs."""

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg = re.sub(r"\?[^\s\"']*", "?…", record.getMessage())
        record.msg = re.sub(r"[^\s/\"']+@[^\s/\"']+", "…", record.msg)
        record.args = ()
        return True


for _logger in ("urllib3.connectionpool", "urllib3.util.retry"):
    logging.getLogger(_logger).addFilter(_WithoutQuery())


def _credentials(headers: Mapping[str, str] | None, basic: tuple[str, str] | None) -> Mapping[str, str]:
    if basic is None:
        return headers or {}
    pair = base64.b64encode(f"{basic[0]}:{basic[1]}".encode()).decode("ascii")
    return {**(headers or {}), "Authorization": f"Basic {pair}"}


def _origin(address: str) -> tuple[str, str, int]:
    parts = urlsplit(address)
    try:
        port = parts.port
    except ValueError:
        port = -1
    return parts.scheme.lower(), (parts.hostname or "").lower(), port or (443 if parts.scheme == "https" else 80)


def _told_origin(address: str) -> str:
    scheme, host, port = _origin(address)
    usual = {"http": 80, "https": 443}.get(scheme) == port
    return f"{scheme}://{host}" + ("" if usual else f":{port}")


def _shown_path(address: str) -> str:
    """The path of an address without its query; parts that may name a person are left out."""
    return re.sub(r"[^/]*(@|%40)[^/]*", "…", urlsplit(address).path)


def _reason(error: requests.exceptions.RequestException) -> str:
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


def _facts(content_type: str, body: bytes) -> str:
    kind = content_type.partition(";")[0].strip().lower()[:40] or "no content type"
    start = body[:200].lstrip().lower()
    looks = "an HTML page" if start.startswith(b"<") else "JSON that breaks off" if start[:1] in b"{[" else "text"
    return f"{kind}, {len(body)} bytes, {looks if body else 'empty'}"
