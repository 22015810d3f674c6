"""How a session with a GLPI is opened, with all the entities that a profile may see. Knows no record."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping
from typing import Any

from connectors.glpi.settings import HIGH_LEVEL, GlpiSettings
from connectors.http import Answer, Http
from connectors.values import items
from impact.model import SourceChanged, SourceRefused

TOLD = {
    "ERROR_APP_TOKEN_PARAMETERS_MISSING": "its API client needs an application token: set app_token.",
    "ERROR_WRONG_APP_TOKEN_PARAMETER": "it does not know this app_token.",
    "ERROR_NOT_ALLOWED_IP": "no active API client admits this machine's address (Setup > General > API).",
    "ERROR_GLPI_LOGIN_USER_TOKEN": "it does not know this user_token (preferences of the user: Remote access keys).",
    "ERROR_GLPI_LOGIN": "it does not accept this username and password, or the user has no profile.",
    "ERROR_LOGIN_WITH_CREDENTIALS_DISABLED": "signing in with a password is off: set user_token.",
    "ERROR_LOGIN_PARAMETERS_MISSING": "the web server took the credentials out of the request: set user_token, or let "
    "it pass the Authorization header on.",
    "ERROR": "its API is switched off (Setup > General > API).",
}
"""What GLPI means by the codes with which it refuses a session."""


def open_session(settings: GlpiSettings) -> Http:
    """A session with this GLPI; nothing is asked yet."""
    if settings.api == HIGH_LEVEL:
        return _session(settings, "/api.php", lambda http: _token(http, settings))
    return _session(settings, "/apirest.php", lambda http: _sign_in(http, settings))


def _session(settings: GlpiSettings, path: str, sign_in: Callable[[Http], Mapping[str, str]]) -> Http:
    here = settings.url.rstrip("/").endswith(path)
    turned_away: list[str] = []

    def once(http: Http) -> Mapping[str, str]:
        if turned_away:  # several threads and tables ask; nobody insists
            raise SourceRefused(turned_away[0])
        try:
            return sign_in(http)
        except SourceRefused as error:
            turned_away.append(str(error))
            raise

    return settings.session(path="" if here else path, sign_in=once)


def _sign_in(http: Http, settings: GlpiSettings) -> Mapping[str, str]:
    """Headers of a new session that sees all entities. Raises SourceRefused with GLPI's reason."""
    headers = {"App-Token": settings.app_token} if settings.app_token else {}
    answer = http.ask("initSession", headers={**headers, "Authorization": _proof(settings)}, accept=(400, 401, 403))
    token = answer.data.get("session_token") if isinstance(answer.data, Mapping) else None
    if not isinstance(token, str) or not token:
        raise _refusal(answer)
    headers["Session-Token"] = token
    if settings.profile:
        http.post("changeActiveProfile", body={"profiles_id": _profile(http, settings, headers)}, headers=headers)
    wanted: dict[str, Any] = {"is_recursive": True}
    if settings.entity:  # without an id, all that the profile has: GLPI takes the word "all" for the number 0
        wanted["entities_id"] = int(settings.entity)
    if http.post("changeActiveEntities", body=wanted, headers=headers).data is False:
        raise SourceRefused(f"GLPI does not show the entity {settings.entity or 'of this profile'} to this user.")
    return headers


def _proof(settings: GlpiSettings) -> str:
    if settings.user_token:
        return f"user_token {settings.user_token}"
    return "Basic " + base64.b64encode(f"{settings.username}:{settings.password}".encode()).decode("ascii")


def _refusal(answer: Answer) -> SourceRefused | SourceChanged:
    said = code_of(answer)
    if said in TOLD:
        return SourceRefused(f"GLPI does not open a session: {TOLD[said]}")
    if answer.status in (401, 403):
        return SourceRefused("GLPI, or what stands before it, does not accept these credentials.")
    return SourceChanged("initSession of GLPI came without a session. Is url the address of its start page?")


def code_of(answer: Answer) -> str:
    """The code of an error, such as ERROR_RANGE_EXCEED_TOTAL; empty where there is none."""
    data = answer.data
    return data[0] if isinstance(data, list) and data and isinstance(data[0], str) else ""


def _profile(http: Http, settings: GlpiSettings, headers: Mapping[str, str]) -> int:
    """The id of the configured profile. Raises SourceRefused when the user does not have it."""
    data = http.ask("getMyProfiles", headers=headers).data
    mine = items(data.get("myprofiles") if isinstance(data, Mapping) else None)
    for profile in mine:
        if settings.profile.casefold() in (str(profile.get("id")), str(profile.get("name")).casefold()):
            return int(profile["id"])
    names = ", ".join(str(profile.get("name")) for profile in mine)
    raise SourceRefused(f"The user has no profile {settings.profile!r}. Correct profile; there are: {names or 'none'}.")


def _token(http: Http, settings: GlpiSettings) -> Mapping[str, str]:
    """Headers of the high-level API: a new token, and all entities below the chosen one."""
    form = {
        "grant_type": "password",
        "client_id": settings.client_id,
        "client_secret": settings.client_secret,
        "username": settings.username,
        "password": settings.password,
        "scope": "api",
    }
    answer = http.post("token", form=form, accept=(400,))
    token = answer.data.get("access_token") if isinstance(answer.data, Mapping) else None
    if not isinstance(token, str) or not token:
        raise SourceRefused("GLPI gives no token: check client_id, client_secret, username and password.")
    headers = {"Authorization": f"Bearer {token}", "GLPI-Entity-Recursive": "true"}
    if settings.entity:
        headers["GLPI-Entity"] = settings.entity
    if settings.profile.isdecimal():
        headers["GLPI-Profile"] = settings.profile
    return headers
