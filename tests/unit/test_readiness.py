"""What the shop takes for the newest schema."""

from __future__ import annotations

from alembic.config import Config
from alembic.script import ScriptDirectory

from marketplace.core import paths, readiness


def test_newest_migration_is_the_one_alembic_ends_with() -> None:
    config = Config()
    config.set_main_option("script_location", str(paths.MIGRATIONS))

    assert readiness._newest() == ScriptDirectory.from_config(config).get_current_head()
