"""The database itself refuses to change or remove what was recorded. Knows triggers of SQLite and PostgreSQL."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

KEYS = {
    "audit": ("number",),
    "meeting": ("id", "revision"),
    "decision": ("id", "revision"),
    "statement": ("id", "revision"),
    "frozen": ("id",),
}
TOLD = "records are only ever added to"


def upgrade() -> None:
    """Add the triggers."""
    on_sqlite = op.get_bind().dialect.name == "sqlite"
    for statement in _sqlite() if on_sqlite else _postgresql():
        op.execute(statement)


def _sqlite() -> list[str]:
    """REPLACE removes a row without asking the DELETE trigger, so that a known key is refused as well."""
    found = []
    for table, key in KEYS.items():
        taken = " AND ".join(f"{column} = NEW.{column}" for column in key)
        for name, when in (
            ("no_update", f"BEFORE UPDATE ON {table}"),
            ("no_delete", f"BEFORE DELETE ON {table}"),
            ("no_replace", f"BEFORE INSERT ON {table} WHEN EXISTS (SELECT 1 FROM {table} WHERE {taken})"),
        ):
            found.append(f"CREATE TRIGGER {table}_{name} {when} BEGIN SELECT RAISE(ABORT, '{TOLD}'); END")
    return found


def _postgresql() -> list[str]:
    """TRUNCATE has a trigger of its own."""
    found = [
        "CREATE FUNCTION only_added_to() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN RAISE EXCEPTION '{TOLD}' USING ERRCODE = 'integrity_constraint_violation'; END $$"
    ]
    for table in KEYS:
        found += [
            f"CREATE TRIGGER {table}_no_change BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION only_added_to()",
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION only_added_to()",
        ]
    return found
