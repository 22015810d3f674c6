"""Copies all that is recorded from one database into an empty one, as when a file becomes PostgreSQL. Knows all tables.

Revisions, instants, audit numbers and the ids of frozen figures stay what they were.
"""

from __future__ import annotations

import sqlalchemy as sa

from impact.keeping import schema
from impact.keeping.database import Database
from impact.keeping.revisions import version
from impact.model import StoreError

BATCH_ROWS = 1000


def copy_all(source: Database, target: Database) -> int:
    """The number of rows copied, all as they were at one moment. All or nothing; raises StoreError where the target
    holds anything already."""
    copied = 0
    with source.reading_at_once() as read, target.writing() as write:
        if version(write):
            raise StoreError(
                f"The records in {target.where} are not empty: nothing was copied. Give a database of its own."
            )
        for table in schema.METADATA.sorted_tables:
            rows = read.execute(sa.select(table).order_by(*table.primary_key.columns)).mappings()
            for batch in rows.partitions(BATCH_ROWS):
                write.execute(table.insert(), [dict(row) for row in batch])
                copied += len(batch)
    return copied
