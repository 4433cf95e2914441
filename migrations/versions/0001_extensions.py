"""Extensions the schema needs."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Apply the change."""
    op.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
