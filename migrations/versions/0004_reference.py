"""What every office of the district needs before its first sale: dong, funders, remote areas."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"

# 광진구의 행정동과 그 코드.
DONG = (
    ("1121571000", "화양동"),
    ("1121573000", "군자동"),
    ("1121574000", "중곡1동"),
    ("1121575000", "중곡2동"),
    ("1121576000", "중곡3동"),
    ("1121577000", "중곡4동"),
    ("1121578000", "능동"),
    ("1121581000", "광장동"),
    ("1121582000", "자양1동"),
    ("1121583000", "자양2동"),
    ("1121584000", "자양3동"),
    ("1121584700", "자양4동"),
    ("1121585000", "구의1동"),
    ("1121586000", "구의2동"),
    ("1121587000", "구의3동"),
)
FUNDERS = (
    ("national", "국비"),
    ("city", "시비"),
    ("district", "구비"),
    ("enterprise", "자부담"),
)
# Postcodes that carriers ask more for, both ends included; the office edits the table.
JEJU = "63000-63644"
ISLANDS = (
    "22386-22388 23004-23010 23100-23116 23124-23136 31708-31708 32133-32133 40200-40240 "
    "46768-46771 52570-52571 53031-53033 53089-53104 54000-54000 56347-56349 57068-57069 "
    "58760-58762 58800-58810 58816-58818 58826-58826 58828-58866 58953-58958 59102-59103 "
    "59106-59106 59127-59127 59129-59129 59137-59166 59650-59650 59766-59766 59781-59790"
)


def upgrade() -> None:
    """Apply the change."""
    text, integer = sa.String(), sa.BigInteger()
    op.bulk_insert(
        sa.table("dong", sa.column("code", text), sa.column("name", text), _position(integer)),
        [
            {"code": code, "name": name, "position": position}
            for position, (code, name) in enumerate(DONG)
        ],
    )
    op.bulk_insert(
        sa.table("funder", sa.column("kind", text), sa.column("name", text), _position(integer)),
        [
            {"kind": kind, "name": name, "position": position}
            for position, (kind, name) in enumerate(FUNDERS)
        ],
    )
    op.bulk_insert(
        sa.table(
            "remote_area",
            sa.column("zip_from", text),
            sa.column("zip_to", text),
            sa.column("zone", text),
        ),
        [*_areas("jeju", JEJU), *_areas("island", ISLANDS)],
    )


def _position(integer: sa.BigInteger) -> sa.ColumnClause[int]:
    return sa.column("position", integer)


def _areas(zone: str, ranges: str) -> list[dict[str, str]]:
    pairs = (text.split("-") for text in ranges.split())
    return [{"zip_from": first, "zip_to": last, "zone": zone} for first, last in pairs]
