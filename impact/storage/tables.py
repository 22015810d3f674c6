"""One complete set of canonical tables with their daily facts, in one folder. Knows no sources and no raw records."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

import pyarrow as pa

from impact.model import TABLES
from impact.storage import facts
from impact.storage.columns import CREATED_AT, DERIVED, INSTANT, stored_schema
from impact.storage.delta import DataFile, DeltaFolder
from impact.storage.missing import MISSING
from impact.storage.upsert import MONTH, Counts, upsert

FACTS = "daily_fact"
OF_ITS_OWN_LIST = ("url", "source_updated_at", "parent_id", "owner_team_id", "criticality")
"""What only the list of services, teams or segments tells of one, and not a record that names it."""
NAMED = ("service", "team", "segment")


class TableSet:
    """The tables below ``root``; ``zone`` is the reporting time zone in which their ``*_on`` columns are typed."""

    def __init__(self, root: Path, *, zone: str) -> None:
        self.root, self.zone = root, zone
        self.folders: Mapping[str, DeltaFolder] = {
            **{
                table: DeltaFolder(
                    root / table, stored_schema(table), partition_by=(MONTH,) if table in CREATED_AT else ()
                )
                for table in TABLES
            },
            FACTS: DeltaFolder(root / FACTS, facts.FACT_SCHEMA, partition_by=facts.PART),
        }

    def versions(self) -> tuple[int, ...]:
        """The version of every table, -1 where nothing was ever stored."""
        return tuple(folder.version() for folder in self.folders.values())

    def files(self, versions: tuple[int, ...]) -> Mapping[str, tuple[DataFile, ...]]:
        """The data files of every table at exactly these versions."""
        pairs = zip(self.folders.items(), versions, strict=True)
        return {table: folder.files(version) for (table, folder), version in pairs}

    def upsert(
        self, table: str, columns: pa.Table, *, fetched_at: datetime | pa.Array, only_named: bool = False
    ) -> Counts:
        """Store model columns by id, with the derived columns and the time of reading added. What was missing is back,
        unless it is ``only_named`` by records of another kind; those take nothing of what its own list told."""
        if isinstance(fetched_at, datetime):
            fetched_at = pa.repeat(pa.scalar(fetched_at, INSTANT), columns.num_rows)
        place = columns.schema.get_field_index("fetched_at")
        columns = columns.set_column(place, "fetched_at", fetched_at)
        place = columns.schema.get_field_index(MISSING)
        columns = columns.set_column(place, MISSING, pa.nulls(columns.num_rows, INSTANT))
        listed = [name for name in OF_ITS_OWN_LIST if table in NAMED and name in columns.column_names]
        derived = "".join(f", {c.sql.format(zone=self.zone)} AS {c.name}" for c in DERIVED.get(table, ()))
        return upsert(
            self.folders[table],
            columns,
            ignore=["fetched_at"],
            keep=[MISSING, *listed] if only_named else [],
            month=CREATED_AT.get(table),
            derived=derived,
        )

    def refresh_facts(self) -> None:
        """Bring daily facts up to date with tickets and surveys; nothing is written when they are."""
        facts.refresh(self.folders[FACTS], self.folders["ticket"], self.folders["satisfaction_response"])
