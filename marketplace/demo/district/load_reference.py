"""The departments of the demo district's office; dong, funders and islands come with the schema."""

from __future__ import annotations

from sqlalchemy.dialects.postgresql import insert

from marketplace.accounts.models import Department
from marketplace.core.db import db
from marketplace.demo.district import content_places


def load(departments: tuple[str, ...]) -> None:
    """Write the departments that are missing."""
    db.session.execute(
        insert(Department).on_conflict_do_nothing(),
        [
            *({"name": name, "dong_code": None} for name in departments),
            *(
                {"name": f"{dong.name}주민센터", "dong_code": dong.code}
                for dong in content_places.DONGS
            ),
        ],
    )
