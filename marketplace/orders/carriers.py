"""The parcel services the office keeps: by which names sheets call them, where they are traced."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from sqlalchemy import func, select

from marketplace.audit import trail
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotFound
from marketplace.orders.shipment_models import Carrier

_PLACE: Final = "{no}"
_CODE: Final = re.compile(r"[A-Z][A-Z0-9_]{1,19}")
# What a shape of digits needs, and nothing that could take a server long to decide.
_PATTERN: Final = re.compile(
    r"(\[0-9\]\{[1-9][0-9]?\}|[0-9]+)+(\|(\[0-9\]\{[1-9][0-9]?\}|[0-9]+)+)*"
)


class CarrierNotFound(NotFound):
    """There is no such parcel service."""

    message = "없는 택배사입니다."


class CarrierTaken(Conflict):
    """Another parcel service has this code or name."""

    message = "같은 코드나 이름의 택배사가 있습니다."


class CarrierInvalid(InvalidInput):
    """A field cannot be meant."""

    message = "{text}"

    def __init__(self, *, field: str, text: str) -> None:
        super().__init__(text=text)
        self.field = field


@dataclass(frozen=True, kw_only=True)
class CarrierRow:
    """One parcel service."""

    code: str
    name: str
    aliases: tuple[str, ...]
    number_pattern: str | None
    url_template: str | None
    is_active: bool

    def link(self, waybill: str) -> str | None:
        """Return where buyers see a parcel, when the service has such a page."""
        return link_of(self.url_template, waybill)


class Directory:
    """All parcel services, found by whatever a sheet calls them."""

    def __init__(self, rows: Sequence[CarrierRow]) -> None:
        self.rows = tuple(rows)
        self._by_code = {row.code: row for row in rows}
        self._by_name: dict[str, CarrierRow] = {}
        for row in rows:
            for name in (row.code, row.name, *row.aliases):
                self._by_name.setdefault(_key(name), row)

    @property
    def active(self) -> tuple[CarrierRow, ...]:
        """Return those that may be chosen."""
        return tuple(row for row in self.rows if row.is_active)

    def get(self, code: str) -> CarrierRow:
        """
        Return a service in use by its code.

        :raises CarrierNotFound:
        """
        found = self._by_code.get(code)
        if found is None or not found.is_active:
            raise CarrierNotFound
        return found

    def find(self, called: str) -> CarrierRow | None:
        """Return the service in use that a sheet calls so, or None."""
        found = self._by_name.get(_key(called))
        return found if found is not None and found.is_active else None


def link_of(url_template: str | None, waybill: str | None) -> str | None:
    """Return the address of a waybill's page."""
    if not url_template or not waybill:
        return None
    return url_template.replace(_PLACE, waybill)


def directory() -> Directory:
    """Read every parcel service."""
    rows = db.session.scalars(
        select(Carrier)
        .order_by(Carrier.position, Carrier.code)
        .execution_options(populate_existing=True)
    )
    return Directory([_row(carrier) for carrier in rows])


def keep(
    *,
    code: str,
    name: str,
    aliases: str,
    number_pattern: str,
    url_template: str,
    is_active: bool,
    is_new: bool,
    actor_id: int,
    ip: str | None = None,
) -> None:
    """
    Add a parcel service, or change one, and write down who did.

    :raises CarrierNotFound, CarrierTaken, CarrierInvalid:
    """
    wanted = {
        "name": _name(name),
        "aliases": ",".join(_split(aliases)),
        "number_pattern": _pattern(number_pattern),
        "url_template": _url(url_template),
        "is_active": is_active,
    }
    if is_new and _CODE.fullmatch(code) is None:
        raise CarrierInvalid(field="code", text="코드는 영문 대문자와 숫자로 적어 주세요.")
    carrier = db.session.get(Carrier, code, with_for_update=True)
    if is_new and carrier is not None:
        raise CarrierTaken
    if not is_new and carrier is None:
        raise CarrierNotFound
    taken = select(Carrier.code).where(Carrier.name == wanted["name"], Carrier.code != code)
    if db.session.scalar(taken) is not None:
        raise CarrierTaken
    if carrier is None:
        last = db.session.scalar(select(func.max(Carrier.position)))
        carrier = Carrier(code=code, position=(last or 0) + 1, name=str(wanted["name"]))
        db.session.add(carrier)
        before: Mapping[str, object] = {}
    else:
        before = {field: getattr(carrier, field) for field in wanted}
    for field, value in wanted.items():
        setattr(carrier, field, value)
    db.session.flush()
    trail.record(
        "carrier.added" if is_new else "carrier.changed",
        subject_kind="carrier",
        subject_id=None,
        actor_id=actor_id,
        details={"code": code, "before": dict(before), "after": wanted},
        ip=ip,
    )


def _row(carrier: Carrier) -> CarrierRow:
    return CarrierRow(
        code=carrier.code,
        name=carrier.name,
        aliases=tuple(_split(carrier.aliases)),
        number_pattern=carrier.number_pattern,
        url_template=carrier.url_template,
        is_active=carrier.is_active,
    )


def _name(typed: str) -> str:
    name = " ".join(typed.split())
    if not 1 <= len(name) <= 40:
        raise CarrierInvalid(field="name", text="택배사 이름을 40자 안으로 적어 주세요.")
    return name


def _pattern(typed: str) -> str | None:
    pattern = "".join(typed.split())
    if pattern and (len(pattern) > 100 or _PATTERN.fullmatch(pattern) is None):
        raise CarrierInvalid(
            field="number_pattern",
            text="번호 형식은 [0-9]{12}처럼 숫자 자릿수로 적고, 여럿이면 |로 나누어 주세요.",
        )
    return pattern or None


def _url(typed: str) -> str | None:
    url = typed.strip()
    if not url:
        return None
    parts = urlsplit(url.replace(_PLACE, "0"))
    if parts.scheme != "https" or not parts.hostname or len(url) > 300 or _PLACE not in url:
        raise CarrierInvalid(
            field="url_template",
            text="조회 주소는 https://로 시작하고 운송장 번호 자리에 {no}를 넣어 주세요.",
        )
    return url


def _split(aliases: str) -> list[str]:
    names = (" ".join(name.split()) for name in aliases.split(","))
    return list(dict.fromkeys(name for name in names if name))


def _key(name: str) -> str:
    return "".join(name.split()).lower()
