"""The tables of meetings, decisions, statements, frozen figures and the audit. Knows the tables as they began."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "frozen",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("data_version", sa.Text(), nullable=False),
        sa.Column("frozen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("content", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="frozen_pk"),
    )
    _revisions(
        "meeting",
        sa.Column("held_on", sa.Date(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("team_id", sa.Text()),
        sa.Column("next_on", sa.Date()),
        sa.Column("agenda", sa.Text(), nullable=False),
        sa.Column("frozen_id", sa.Text()),
        sa.Column("closed_at", sa.DateTime(timezone=True)),
        sa.ForeignKeyConstraint(["frozen_id"], ["frozen.id"], name="meeting_frozen_id_fk"),
    )
    _revisions(
        "decision",
        sa.Column("change_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("owner", sa.Text(), nullable=False),
        sa.Column("decided_on", sa.Date(), nullable=False),
        sa.Column("meeting_id", sa.Text()),
        sa.Column("other", sa.Text(), nullable=False),
        sa.Column("due_on", sa.Date()),
        sa.Column("review_on", sa.Date()),
        sa.Column("word", sa.Text()),
        sa.Column("asked", sa.Text(), nullable=False),
        sa.Column("data_version", sa.Text(), nullable=False),
        sa.Column("frozen_id", sa.Text()),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["frozen_id"], ["frozen.id"], name="decision_frozen_id_fk"),
    )
    _revisions(
        "statement",
        sa.Column("change_id", sa.Text(), nullable=False),
        sa.Column("metric", sa.Text(), nullable=False),
        sa.Column("expected", sa.Double(), nullable=False),
        sa.Column("matters", sa.Double(), nullable=False),
        sa.Column("review_on", sa.Date(), nullable=False),
        sa.Column("if_met", sa.Text(), nullable=False),
        sa.Column("if_missed", sa.Text(), nullable=False),
        sa.Column("note", sa.Text(), nullable=False),
        sa.Column("withdrawn", sa.Boolean(), nullable=False),
        sa.Column("after_rollout", sa.Boolean(), nullable=False),
    )
    op.create_table(
        "audit",
        sa.Column("number", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        sa.Column("record_table", sa.Text(), nullable=False),
        sa.Column("record_id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("before", sa.Text()),
        sa.Column("after", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("number", name="audit_pk"),
        sa.UniqueConstraint(
            "record_table", "record_id", "revision", name="audit_record_table_record_id_revision_unique"
        ),
    )


def _revisions(name: str, *parts: sa.schema.SchemaItem) -> None:
    op.create_table(
        name,
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("recorded_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("recorded_by", sa.Text(), nullable=False),
        *parts,
        sa.CheckConstraint("revision >= 1", name=op.f(f"{name}_counted")),
        sa.PrimaryKeyConstraint("id", "revision", name=f"{name}_pk"),
    )
