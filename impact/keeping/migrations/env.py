"""What Alembic runs around migrations: on the connection it is given, in its transaction. Knows no address."""

from __future__ import annotations

from alembic import context

from impact.keeping.schema import METADATA

context.configure(connection=context.config.attributes["connection"], target_metadata=METADATA)
context.run_migrations()
