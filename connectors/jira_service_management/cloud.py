"""How Jira Cloud is searched: pages by token, histories in bulk. Knows no canonical row."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Generator, Mapping, Sequence
from contextlib import closing
from typing import Any

from connectors.jira_service_management.search import Found, Histories, Query, listed
from connectors.jira_service_management.site import Item, Site
from connectors.paging import ahead
from connectors.values import items, mapping, text_of, whole
from impact.model import SourceChanged

HISTORIES_A_PAGE = 1000
MOST_FIELDS = 10
"""Of how many fields the history can be asked for at once."""


class CloudSearch:
    """Searches one Jira Cloud. Its pages can only be read one after the other."""

    def __init__(self, site: Site) -> None:
        self._site = site

    def pages(self, query: Query, *, first: int = 0) -> Generator[Found, None, None]:
        """All issues in pages, to the end that the server tells; a page may be empty without being the last."""
        found = self._pages(query)
        if self._site.settings.parallel > 1 and query.history:
            found = ahead(found)  # the next search while histories are asked for
        with closing(found):
            for issues in found:
                yield Found(tuple(issues), self._histories(issues, query.history) if query.history else {})

    def _pages(self, query: Query) -> Generator[list[Item], None, None]:
        token, seen = None, set[str]()
        while True:
            body: dict[str, Any] = {
                "jql": query.jql,
                "fields": list(query.fields),
                "maxResults": query.size,
            }
            answer = self._site.http.post(
                f"{self._site.rest}/search/jql",
                body=body | ({"nextPageToken": token} if token else {}),
                accept=(400, 410),
            )
            yield listed(answer, query.what)
            token = text_of(answer.data.get("nextPageToken"))
            if answer.data.get("isLast") is True or token is None:
                return
            if token in seen:
                raise SourceChanged("Jira gave the token of a page a second time: its list has no end.")
            seen.add(token)

    def _histories(self, issues: Sequence[Item], fields: Sequence[str]) -> Histories:
        """The histories of these issues, of these fields. An issue without an entry has an empty one."""
        ids = [str(issue.get("id")) for issue in issues]
        found: dict[str, list[Item]] = defaultdict(list, {key: [] for key in ids})
        body: dict[str, Any] = {"issueIdsOrKeys": ids, "maxResults": HISTORIES_A_PAGE}
        if len(fields) <= MOST_FIELDS:
            body["fieldIds"] = list(fields)
        token, seen = None, set[str]()
        while ids:
            said = self._site.http.post(
                f"{self._site.rest}/changelog/bulkfetch", body=body | ({"nextPageToken": token} if token else {})
            ).data
            if not isinstance(said, Mapping) or not isinstance(said.get("issueChangeLogs"), list):
                raise SourceChanged("changelog/bulkfetch of Jira came without histories.")
            for log in items(said.get("issueChangeLogs")):
                found[str(log.get("issueId"))].extend(items(log.get("changeHistories")))
            token = text_of(said.get("nextPageToken"))
            if token is None:
                break
            if token in seen:
                raise SourceChanged("Jira gave the token of a page of histories a second time: its list has no end.")
            seen.add(token)
        return found

    def count(self, jql: str) -> int | None:
        """About how many issues there are; None where the Jira does not tell."""
        path = f"{self._site.rest}/search/approximate-count"
        bounded = jql.partition(" ORDER BY ")[0]
        answer = self._site.http.post(path, body={"jql": bounded}, accept=(400, 403, 404, 410))
        return whole(mapping(answer.data).get("count")) if answer.status == 200 else None
