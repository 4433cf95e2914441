"""Whether the database is there, speaks Korean and has the newest schema."""

from __future__ import annotations

from functools import lru_cache

from sqlalchemy import text

from marketplace.core import paths
from marketplace.core.db import db


def check_database() -> dict[str, bool]:
    """Answer one question each; an error means that there is no database at all."""
    row = db.session.execute(
        text(
            "SELECT cardinality(show_trgm('가나')) AS trigrams,"
            " (SELECT version_num FROM alembic_version) AS version"
        )
    ).one()
    return {
        "database": True,
        # With the wrong locale Hangul has no trigrams, and search goes silently blind.
        "hangul": row.trigrams > 0,
        "migrations": row.version == _newest(),
    }


@lru_cache(maxsize=1)
def _newest() -> str | None:
    # Files are numbered by revision. Asking Alembic would cost each web process 20 MB.
    return max(
        (file.name[:4] for file in paths.MIGRATIONS.glob("versions/[0-9]*.py")), default=None
    )
