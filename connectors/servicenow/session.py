"""How one signs in to a ServiceNow: with a key, as an OAuth client, or with a password. Knows no table."""

from __future__ import annotations

from collections.abc import Mapping

from connectors.http import Http
from connectors.servicenow.settings import ServiceNowSettings
from connectors.values import mapping
from impact.model import SourceRefused


def open_session(settings: ServiceNowSettings) -> Http:
    """A session with this instance; nothing is asked yet. A key goes before OAuth, and OAuth before a password."""
    if settings.api_key:
        return settings.session(headers={"x-sn-apikey": settings.api_key})
    if settings.client_id and settings.client_secret:
        return settings.session(sign_in=Client(settings))
    return settings.session(basic=(settings.username, settings.password))


class Client:
    """An OAuth client that asks for tokens as long as it is given some: of several requests that find the same token
    run out, only the first is refused by the instance."""

    def __init__(self, settings: ServiceNowSettings) -> None:
        self._form = {
            "grant_type": "client_credentials",
            "client_id": settings.client_id,
            "client_secret": settings.client_secret,
            **({"scope": settings.scope} if settings.scope else {}),
        }
        self._refused = ""

    def __call__(self, http: Http) -> Mapping[str, str]:
        """The header with a new token. Raises SourceRefused where the instance gives none."""
        if self._refused:
            raise SourceRefused(self._refused)
        try:
            return {"Authorization": f"Bearer {self._token(http)}"}
        except SourceRefused as error:
            self._refused = str(error)
            raise

    def _token(self, http: Http) -> str:
        token = mapping(http.post("oauth_token.do", form=self._form).data).get("access_token")
        if not isinstance(token, str) or not token:
            raise SourceRefused(
                "ServiceNow gave no token for client_id and client_secret. Is the grant type client credentials "
                "switched on, and does the client have a user?"
            )
        return token
