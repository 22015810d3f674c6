"""The same tickets read by others: a plain loop around requests, and dlt. Run by an interpreter that has them.

    PYTHON benchmarks/sync_peers.py WAY ADDRESS TICKETS FOLDER

WAY: requests-offset, requests-cursor, dlt-offset, dlt-cursor (fetch only), dlt-load-offset, dlt-load-cursor (until the
rows can be queried in DuckDB, by Parquet files and with two workers). Knows nothing of ours. What it took is printed by
``report``, without starting Python and loading packages.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

os.environ["RUNTIME__DLTHUB_TELEMETRY"] = "false"
SIZE = 1000
Pages = Iterator[list[dict[str, Any]]]


def by_requests(address: str, paging: str) -> Pages:
    """One page after the other in one session, as scripts do it."""
    session = importlib.import_module("requests").Session()
    offset, cursor, more = 0, "0", True
    while more:
        if paging == "offset":
            answer = session.get(f"{address}/offset", params={"offset": offset, "limit": SIZE}).json()
            offset += SIZE
            more = offset < answer["total"]
        else:
            answer = session.get(f"{address}/cursor", params={"cursor": cursor}).json()
            cursor, more = answer["next"], answer["more"]
        yield answer["items"]


def by_dlt(address: str, paging: str) -> Pages:
    """dlt's RESTClient with its own paginators."""
    client = importlib.import_module("dlt.sources.helpers.rest_client").RESTClient
    kinds = importlib.import_module("dlt.sources.helpers.rest_client.paginators")
    if paging == "offset":
        paginator = kinds.OffsetPaginator(limit=SIZE, total_path="total")
        yield from client(address).paginate("/offset", paginator=paginator, data_selector="items")
    else:
        paginator = kinds.JSONResponseCursorPaginator(cursor_path="next", cursor_param="cursor", has_more_path="more")
        yield from client(address).paginate(
            "/cursor", params={"cursor": "0"}, paginator=paginator, data_selector="items"
        )


def load(address: str, paging: str, folder: Path) -> int:
    """dlt into DuckDB: dictionaries, Parquet files, merge by key, two workers; then the rows are counted by a query."""
    dlt, duckdb = importlib.import_module("dlt"), importlib.import_module("duckdb")
    os.environ |= {"NORMALIZE__WORKERS": "2", "LOAD__WORKERS": "2", "DLT_DATA_DIR": str(folder)}
    pages = dlt.resource(
        by_dlt(address, paging), name="tickets", primary_key="id", write_disposition="merge", max_table_nesting=0
    )
    file = folder / "tickets.duckdb"
    pipeline = dlt.pipeline("bench", destination=dlt.destinations.duckdb(str(file)), dataset_name="desk")
    pipeline.run(pages, loader_file_format="parquet")
    with duckdb.connect(str(file)) as connection:
        return int(connection.execute("SELECT COUNT(*) FROM desk.tickets").fetchall()[0][0])


def report(way: str, tickets: int, work: Callable[[], int]) -> None:
    """Do the work and print its wall seconds, processor seconds (with child processes) and peak megabytes as JSON.
    Raises SystemExit where it does not bring every ticket."""
    begun, used = time.monotonic(), _processor()
    found = work()
    wall, cpu = time.monotonic() - begun, _processor() - used
    if found != tickets:
        raise SystemExit(f"{way} brought {found} of {tickets} tickets")
    peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)) / 1024
    print(json.dumps([wall, cpu, peak]))


def _processor() -> float:
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    return own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime


def main(way: str, address: str, tickets: int, folder: Path) -> None:
    """Do one of them."""
    who, _, paging = way.rpartition("-")
    for package in ("requests",) if who == "requests" else ("dlt.sources.helpers.rest_client", "duckdb", "pyarrow"):
        importlib.import_module(package)
    if who == "dlt-load":
        report(way, tickets, lambda: load(address, paging, folder))
    else:
        pages = by_requests if who == "requests" else by_dlt
        report(way, tickets, lambda: sum(len(page) for page in pages(address, paging)))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
