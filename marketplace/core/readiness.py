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
    # Imported when first asked: no request of a shopper needs the 20 MB of it.
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    config.set_main_option("script_location", str(paths.MIGRATIONS))
    return ScriptDirectory.from_config(config).get_current_head()
