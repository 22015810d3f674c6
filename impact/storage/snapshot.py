"""All tables at one moment, to be asked in SQL. Knows no writing: what is written later does not show."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pyarrow as pa

from impact.storage.delta import DataFile, DeltaFolder
from impact.storage.engine import DuckEngine, Engine, select_files
from impact.storage.facts import SURVEY


class Snapshot:
    """Every table as it was at ``version``; queries from several threads and while a writer commits agree.

    Tables by their model names, plus ``daily_fact`` (additive: always SUM over its rows), ``rejected``,
    ``stream_state`` and ``survey`` (satisfaction_response with service_id and team_id filled in from its ticket).
    """

    def __init__(
        self, version: str, folders: Mapping[str, DeltaFolder], files: Mapping[str, Sequence[DataFile]]
    ) -> None:
        self.version = version
        views = {name: select_files(folder.root, files[name], folder.schema) for name, folder in folders.items()}
        self.engine: Engine = DuckEngine({**views, "survey": SURVEY})

    def query(self, sql: str, params: Sequence[Any] = ()) -> pa.Table:
        """The result of a SELECT; ``?`` are replaced by ``params``. Instants are UTC; sums of whole numbers int64."""
        return self.engine.query(sql, params)
