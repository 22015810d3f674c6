"""How a system is asked over HTTP: one session, credentials that stay at home, bounded patience, errors in plain words.

Knows no vendor. What is sent and how pages follow each other is each connector's own business.
"""

from __future__ import annotations

import base64
import email.utils
import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from http.cookiejar import DefaultCookiePolicy
from typing import Any
from urllib.parse import urljoin, urlsplit

import orjson
import requests
import urllib3
from requests.adapters import HTTPAdapter
from requests.auth import AuthBase

from connectors.patience import WORTH_REPEATING, BoundedRetry, Pace, Patience
from connectors.plain_words import facts_of, origin, shown_path, told_origin, why_failed
from impact.model import SourceChanged, SourceRefused, SourceUnavailable

AGENT = "customer-impact-dashboard"
TIMEOUT = (15.0, 90.0)
"""Seconds to connect and to wait for an answer: servers are slow on their first wide page."""
REDIRECTS = 3
CONNECTIONS = 16
BODY_ATTEMPTS = 3
"""How often an answer that broke off in the middle is asked for (it has already begun, so urllib3 does not)."""
Params = Mapping[str, str] | Iterable[tuple[str, str]]


@dataclass(frozen=True)
class Answer:
    """What a server answered: its JSON (None for an empty 204, or a 404 that may be), status, headers (any case)."""

    data: Any
    status: int
    headers: Mapping[str, str]

    @property
    def next_link(self) -> str | None:
        """The address behind ``rel="next"`` of the Link header, where there is one."""
        links = requests.utils.parse_header_links(self.headers.get("Link", ""))
        return next((link["url"] for link in links if link.get("rel") == "next"), None)


class Http:
    """A session with one system, for as many threads as ask. Credentials go to the origin of ``url`` only; cookies are
    not kept.

    ``headers`` are the credentials (or use ``basic`` = user, password; or ``sign_in``, which is called with this
    session before the first request and once more when one is answered 401, and gives the headers that prove who asks).
    ``verify`` is True, False, or the file of a certificate authority; ``per_minute`` keeps requests at a distance, and
    never more than ``at_once`` are on their way. Every method raises SourceUnavailable (worth another try later),
    SourceRefused (wrong credentials, missing right, foreign redirect) or SourceChanged (an answer that is not
    understood); messages hold host, path and status, never a query, a token or a person.
    """

    def __init__(
        self,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        basic: tuple[str, str] | None = None,
        sign_in: Callable[[Http], Mapping[str, str]] | None = None,
        verify: bool | str = True,
        patience: Patience | None = None,
        timeout: tuple[float, float] = TIMEOUT,
        per_minute: float | None = None,
        at_once: int = CONNECTIONS,
    ) -> None:
        self.url = url.rstrip("/")
        self.origin = origin(self.url)
        self.server_time: datetime | None = None
        """The server's clock at its latest answer (header Date), UTC; None before the first answer or without it."""
        self.clock_skew: timedelta | None = None
        """How far the server's clock was ahead of ours at its latest answer."""
        self._timeout = timeout
        self._verify = verify
        if verify is False:
            urllib3.disable_warnings(urllib3.exceptions.InsecureRequestWarning)
        patience = patience or Patience()
        self._pace = Pace(per_minute, patience.longest_wait)
        self._turns = threading.BoundedSemaphore(max(1, at_once))
        self._nobody = _Credentials(self.origin, {})
        self._credentials = _Credentials(self.origin, _credentials(headers, basic)) if not sign_in else self._nobody
        self._sign_in, self._lock, self._signing_in = sign_in, threading.RLock(), False
        self._session = requests.Session()
        self._session.headers.update({"User-Agent": AGENT, "Accept": "application/json"})
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        adapter = HTTPAdapter(max_retries=BoundedRetry.of(patience, self._pace), pool_maxsize=CONNECTIONS)
        self._session.mount("http://", adapter)
        self._session.mount("https://", adapter)

    def get(self, path: str, params: Params = (), *, missing_ok: bool = False) -> Any:
        """The JSON at ``path`` below the url; None for 204, and for 404 and 410 where ``missing_ok``."""
        return self.ask(path, params, missing_ok=missing_ok).data

    def ask(
        self,
        path: str,
        params: Params = (),
        *,
        headers: Mapping[str, str] | None = None,
        missing_ok: bool = False,
        accept: tuple[int, ...] = (),
    ) -> Answer:
        """The whole answer at ``path`` below the url. ``accept``: statuses that mean something here and are no error,
        such as 400 for a range beyond the end."""
        return self._read(_Request("GET", self._address(path), params, headers), missing_ok=missing_ok, accept=accept)

    def post(
        self,
        path: str,
        params: Params = (),
        *,
        form: Params | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        accept: tuple[int, ...] = (),
    ) -> Answer:
        """A question asked by POST, with a form or a JSON ``body``. It must change nothing: it may be sent again."""
        form = None if form is None else list(form.items() if isinstance(form, Mapping) else form)
        request = _Request("POST", self._address(path), params, headers, form, body)
        return self._read(request, missing_ok=False, accept=accept)

    def follow(self, link: str, *, headers: Mapping[str, str] | None = None) -> Answer:
        """The answer behind a link that the server itself gave, such as its next page. Refuses other origins."""
        address = urljoin(f"{self.url}/", link)
        if origin(address) != self.origin:
            raise SourceRefused(
                f"{self._host} names {told_origin(address)} as the place of its next page. Credentials are only sent "
                f"to {told_origin(self.url)}; correct the server's own base address, or url in the settings."
            )
        return self._read(_Request("GET", address, (), headers), missing_ok=False)

    def close(self) -> None:
        """Give the connections back."""
        self._session.close()

    @property
    def _host(self) -> str:
        return urlsplit(self.url).netloc.rpartition("@")[2]

    def _address(self, path: str) -> str:
        return f"{self.url}/{path.lstrip('/')}" if path else self.url

    def _read(self, request: _Request, *, missing_ok: bool, accept: tuple[int, ...] = ()) -> Answer:
        credentials = self._current()
        response = self._arrived(request, credentials)
        if response.status_code == 401 and self._sign_in is not None and credentials is not self._nobody:
            response = self._arrived(request, self._renewed(credentials))
        self._judge(response, missing_ok=missing_ok, accept=accept)
        status = response.status_code
        empty = status == 204 or (status in (404, 410) and status not in accept)
        return Answer(None if empty else self._json(response), status, response.headers)

    def _current(self) -> _Credentials:
        """The credentials of now, after signing in where nobody has; those of nobody while signing in."""
        if self._sign_in is None:
            return self._credentials
        with self._lock:  # held while another thread signs in; that thread itself goes through
            return self._nobody if self._signing_in else self._renewed(self._nobody)

    def _renewed(self, refused: _Credentials) -> _Credentials:
        """Other credentials than ``refused``: signs in, unless another thread has done so since. What is on its way
        keeps those that it set out with."""
        with self._lock:
            if self._sign_in is not None and self._credentials is refused:
                self._signing_in = True
                try:
                    self._credentials = _Credentials(self.origin, self._sign_in(self))
                finally:
                    self._signing_in = False
            return self._credentials

    def _arrived(self, request: _Request, credentials: _Credentials) -> requests.Response:
        response = self._send(request, credentials)
        for _ in range(REDIRECTS):
            if not response.is_redirect:
                break
            request = replace(request, address=self._redirected(response), params=())
            response = self._send(request, credentials)
        return response

    def _send(self, request: _Request, credentials: _Credentials) -> requests.Response:
        where = f"{self._host}{shown_path(request.address)}"
        for attempt in range(BODY_ATTEMPTS):
            self._pace.wait()
            try:
                with self._turns:
                    response = self._session.request(
                        request.method,
                        request.address,
                        params=list(request.params.items() if isinstance(request.params, Mapping) else request.params),
                        data=request.form,
                        json=request.body,
                        headers=request.headers,
                        auth=credentials,
                        timeout=self._timeout,
                        verify=self._verify,
                        allow_redirects=False,
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
                raise SourceUnavailable(f"{where}: {why_failed(error)}.") from None
            self._pace.heed(response.headers)
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
        if origin(target) != self.origin:
            raise SourceRefused(
                f"{self._host}{shown_path(response.url)} redirects to {told_origin(target)}. Credentials are only "
                f"sent to {told_origin(self.url)}; if the system moved, change url in the settings."
            )
        return target

    def _judge(self, response: requests.Response, *, missing_ok: bool, accept: tuple[int, ...]) -> None:
        status = response.status_code
        if status in accept:
            return
        where = f"{self._host}{shown_path(response.url)} answered {status}"
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
            return _loads(body)
        except ValueError:
            if response.status_code >= 400:  # an accepted status says enough; its page may be a proxy's
                return None
            raise SourceChanged(
                f"{self._host}{shown_path(response.url)} answered {response.status_code} without readable JSON "
                f"({facts_of(response.headers.get('Content-Type', ''), body)}). Check url: it may be a sign-in page or "
                "a proxy that answers."
            ) from None


@dataclass(frozen=True)
class _Request:
    """One question, so that it can be asked again elsewhere or with other credentials."""

    method: str
    address: str
    params: Params = ()
    headers: Mapping[str, str] | None = None
    form: list[tuple[str, str]] | None = None
    body: Any = None


class _Credentials(AuthBase):
    """Adds the credentials, and only at the configured origin; being there at all keeps .netrc out."""

    def __init__(self, origin: tuple[str, str, int], headers: Mapping[str, str]) -> None:
        self._origin, self._headers = origin, dict(headers)

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if origin(request.url or "") == self._origin:
            for name, value in self._headers.items():
                request.headers.setdefault(name, value)
        return request


def _loads(body: bytes) -> Any:
    """JSON, twice as fast as by the standard library, which still reads what is no strict JSON, such as NaN."""
    try:
        return orjson.loads(body)
    except ValueError:
        return json.loads(body)


def _credentials(headers: Mapping[str, str] | None, basic: tuple[str, str] | None) -> Mapping[str, str]:
    if basic is None:
        return headers or {}
    pair = base64.b64encode(f"{basic[0]}:{basic[1]}".encode()).decode("ascii")
    return {**(headers or {}), "Authorization": f"Basic {pair}"}
