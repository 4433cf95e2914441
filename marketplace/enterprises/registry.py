"""The office's registry of enterprises: the list and one enterprise's page."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Final

from sqlalchemy import ColumnElement, Select, func, or_, select, tuple_

from marketplace.accounts.models import Dong, Person
from marketplace.audit.models import AuditEvent
from marketplace.core import masking
from marketplace.core.db import db
from marketplace.enterprises import bank_accounts, designations, members
from marketplace.enterprises.bank_accounts import AccountCard
from marketplace.enterprises.designations import DesignationKind
from marketplace.enterprises.members import Colleague
from marketplace.enterprises.models import Designation, Enterprise, EnterpriseStatus, Member
from marketplace.enterprises.standing import EnterpriseUnknown

PAGE: Final = 30
EXPIRING: Final = timedelta(days=60)
_EVENTS: Final = 50
_DIGITS_OF_A_NUMBER: Final = 3


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What the list is narrowed to."""

    status: EnterpriseStatus | None = None
    kind: DesignationKind | None = None
    dong_code: str | None = None
    is_expiring: bool = False
    words: str = ""


@dataclass(frozen=True, kw_only=True)
class RegistryRow:
    """One enterprise in the list."""

    id: int
    slug: str
    name: str
    representative_name: str
    business_number: str
    dong_name: str
    status: EnterpriseStatus
    kinds: tuple[DesignationKind, ...]
    next_end: date | None
    member_count: int


@dataclass(frozen=True, kw_only=True)
class Held:
    """One designation of the registry, past ones included."""

    id: int
    kind: DesignationKind
    label: str
    number: str
    authority: str
    granted_on: date
    expires_on: date | None
    revoked_on: date | None
    holds: bool


@dataclass(frozen=True, kw_only=True)
class TrailRow:
    """One act on an enterprise."""

    at: datetime
    action: str
    actor: str | None
    details: dict[str, object]

    @property
    def document_id(self) -> int | None:
        """Return the evidence the act left, if any."""
        found = self.details.get("document_id")
        return found if isinstance(found, int) else None


@dataclass(frozen=True, kw_only=True)
class RegistryPage:
    """One enterprise as the office sees it."""

    id: int
    slug: str
    name: str
    tagline: str
    representative_name: str
    business_number: str
    mail_order_number: str | None
    phone: str
    email: str
    address: str
    dong_name: str
    status: EnterpriseStatus
    suspended_at: datetime | None
    suspension_reason: str | None
    accepts_counter_coupons: bool
    commission_bps: int
    joined_on: date
    designations: tuple[Held, ...]
    members: tuple[Colleague, ...]
    account: AccountCard | None
    events: tuple[TrailRow, ...]

    def shows_document(self, document_id: int) -> bool:
        """Tell whether a document is evidence of this enterprise."""
        return document_id in {event.document_id for event in self.events}


def list_page(wanted: Wanted, *, on: date, after: int | None = None) -> list[RegistryRow]:
    """Return a page of the registry by name, beginning behind an id, in two queries."""
    holds = (Designation.enterprise_id == Enterprise.id) & designations.holds_on(on)
    next_end = select(func.min(Designation.expires_on)).where(holds).scalar_subquery()
    working = (
        select(func.count())
        .where(Member.enterprise_id == Enterprise.id, Member.revoked_at.is_(None))
        .scalar_subquery()
    )
    statement = (
        select(Enterprise, Dong.name, next_end, working)
        .join(Dong, Dong.code == Enterprise.dong_code)
        .where(*_narrowed(wanted, on))
        .order_by(Enterprise.name, Enterprise.id)
        .limit(PAGE)
        .execution_options(populate_existing=True)
    )
    if after is not None:
        name = select(Enterprise.name).where(Enterprise.id == after).scalar_subquery()
        statement = statement.where(tuple_(Enterprise.name, Enterprise.id) > tuple_(name, after))
    rows = db.session.execute(statement).all()
    kinds = designations.kinds_by_enterprise([row[0].id for row in rows], on=on)
    return [
        RegistryRow(
            id=enterprise.id,
            slug=enterprise.slug,
            name=enterprise.name,
            representative_name=enterprise.representative_name,
            business_number=enterprise.business_number,
            dong_name=dong_name,
            status=enterprise.status,
            kinds=tuple(kinds.get(enterprise.id, ())),
            next_end=end,
            member_count=count,
        )
        for enterprise, dong_name, end, count in rows
    ]


def count_by_status() -> dict[EnterpriseStatus, int]:
    """Count the registry's enterprises by status, in one query."""
    rows = db.session.execute(select(Enterprise.status, func.count()).group_by(Enterprise.status))
    found = {EnterpriseStatus(status): count for status, count in rows}
    return {status: found.get(status, 0) for status in EnterpriseStatus}


def count_expiring(*, on: date) -> int:
    """Count enterprises with a designation that ends within sixty days, in one query."""
    found = db.session.scalar(select(func.count()).where(*_narrowed(Wanted(is_expiring=True), on)))
    return found or 0


def get_page(enterprise_id: int, *, on: date) -> RegistryPage:
    """
    Return one enterprise with everything the office knows, in a constant number of queries.

    :raises EnterpriseUnknown:
    """
    row = db.session.execute(
        select(Enterprise, Dong.name)
        .join(Dong, Dong.code == Enterprise.dong_code)
        .where(Enterprise.id == enterprise_id)
        .execution_options(populate_existing=True)
    ).one_or_none()
    if row is None:
        raise EnterpriseUnknown
    enterprise, dong_name = row
    return RegistryPage(
        id=enterprise.id,
        slug=enterprise.slug,
        name=enterprise.name,
        tagline=enterprise.tagline,
        representative_name=enterprise.representative_name,
        business_number=enterprise.business_number,
        mail_order_number=enterprise.mail_order_number,
        phone=enterprise.phone,
        email=enterprise.email,
        address=f"({enterprise.zip_code}) {enterprise.road_address} "
        f"{enterprise.address_detail}".strip(),
        dong_name=dong_name,
        status=enterprise.status,
        suspended_at=enterprise.suspended_at,
        suspension_reason=enterprise.suspension_reason,
        accepts_counter_coupons=enterprise.accepts_counter_coupons,
        commission_bps=enterprise.commission_bps,
        joined_on=enterprise.joined_on,
        designations=tuple(_list_held(enterprise_id, on)),
        members=tuple(
            replace(one, email=masking.email(one.email))
            for one in members.list_colleagues(enterprise_id)
        ),
        account=bank_accounts.find_current(enterprise_id),
        events=tuple(list_trail("enterprise", enterprise_id)),
    )


def list_trail(subject_kind: str, subject_id: int) -> list[TrailRow]:
    """List the latest acts on one thing, newest first, in one query."""
    rows = db.session.execute(
        select(AuditEvent, Person.name)
        .outerjoin(Person, Person.id == AuditEvent.actor_id)
        .where(AuditEvent.subject_kind == subject_kind, AuditEvent.subject_id == subject_id)
        .order_by(AuditEvent.id.desc())
        .limit(_EVENTS)
    )
    return [
        TrailRow(at=event.at, action=event.action, actor=name, details=event.details)
        for event, name in rows
    ]


def _narrowed(wanted: Wanted, on: date) -> Sequence[ColumnElement[bool]]:
    conditions: list[ColumnElement[bool]] = []
    if wanted.status is not None:
        conditions.append(Enterprise.status == wanted.status)
    if wanted.dong_code:
        conditions.append(Enterprise.dong_code == wanted.dong_code)
    if wanted.kind is not None:
        conditions.append(_holding(on).where(Designation.kind == wanted.kind).exists())
    if wanted.is_expiring:
        conditions.append(_holding(on).where(Designation.expires_on <= on + EXPIRING).exists())
    words = wanted.words.strip()
    if words:
        digits = "".join(sign for sign in words if sign.isdecimal())
        named = [
            Enterprise.name.contains(words, autoescape=True),
            Enterprise.representative_name.contains(words, autoescape=True),
        ]
        if len(digits) >= _DIGITS_OF_A_NUMBER:
            named.append(Enterprise.business_number.contains(digits, autoescape=True))
        conditions.append(or_(*named))
    return conditions


def _holding(on: date) -> Select[int]:
    return (
        select(Designation.id)
        .where(Designation.enterprise_id == Enterprise.id, designations.holds_on(on))
        .correlate(Enterprise)
    )


def _list_held(enterprise_id: int, on: date) -> list[Held]:
    rows = db.session.execute(
        select(Designation, designations.holds_on(on))
        .where(Designation.enterprise_id == enterprise_id)
        .order_by(Designation.granted_on.desc(), Designation.id.desc())
        .execution_options(populate_existing=True)
    )
    return [
        Held(
            id=row.id,
            kind=row.kind,
            label=designations.LABELS[row.kind],
            number=row.number,
            authority=row.authority,
            granted_on=row.granted_on,
            expires_on=row.expires_on,
            revoked_on=row.revoked_on,
            holds=bool(holds),
        )
        for row, holds in rows
    ]
