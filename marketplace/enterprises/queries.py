"""Reads of the registry."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, func, select

from marketplace.accounts.models import Dong
from marketplace.core.db import db
from marketplace.core.errors import NotFound
from marketplace.enterprises import designations
from marketplace.enterprises.models import (
    Designation,
    DesignationKind,
    Enterprise,
    EnterpriseStatus,
)


class EnterpriseNotFound(NotFound):
    """No such enterprise sells here."""

    message = "찾으시는 가게가 없습니다. 가게 목록에서 골라 주세요."


@dataclass(frozen=True)
class DesignationCard:
    """One designation with its number and validity."""

    kind: DesignationKind
    label: str
    number: str
    authority: str
    granted_on: date
    expires_on: date | None


@dataclass(frozen=True)
class EnterpriseCard:
    """One enterprise in a list, with the designations valid on the day asked for."""

    id: int
    slug: str
    name: str
    tagline: str
    dong_code: str
    dong_name: str
    picture_key: str | None
    picture_alt: str
    accepts_counter_coupons: bool
    kinds: tuple[DesignationKind, ...]


@dataclass(frozen=True)
class EnterprisePage(EnterpriseCard):
    """One enterprise as its page shows it, with the seller identity the law asks for."""

    story: str
    representative_name: str
    business_number: str
    mail_order_number: str | None
    phone: str
    email: str
    zip_code: str
    road_address: str
    address_detail: str
    joined_on: date
    designations: tuple[DesignationCard, ...]


def list_enterprises(
    *, on: date, kind: DesignationKind | None = None, dong_code: str | None = None
) -> list[EnterpriseCard]:
    """Return active enterprises by name in two queries."""
    statement = (
        select(Enterprise, Dong.name)
        .join(Dong, Dong.code == Enterprise.dong_code)
        .where(Enterprise.status == EnterpriseStatus.ACTIVE)
        .order_by(Enterprise.name)
    )
    if dong_code is not None:
        statement = statement.where(Enterprise.dong_code == dong_code)
    if kind is not None:
        statement = statement.where(
            select(Designation.id)
            .where(
                Designation.enterprise_id == Enterprise.id,
                Designation.kind == kind,
                designations.holds_on(on),
            )
            .exists()
        )
    rows = db.session.execute(statement).all()
    kinds = designations.kinds_by_enterprise([row.Enterprise.id for row in rows], on=on)
    return [
        _card(enterprise, dong_name, kinds.get(enterprise.id, [])) for enterprise, dong_name in rows
    ]


def count_by_kind(*, on: date) -> dict[DesignationKind, int]:
    """Return how many active enterprises validly hold each kind."""
    rows = db.session.execute(
        select(Designation.kind, func.count(Designation.enterprise_id.distinct()))
        .join(Enterprise, Enterprise.id == Designation.enterprise_id)
        .where(Enterprise.status == EnterpriseStatus.ACTIVE, designations.holds_on(on))
        .group_by(Designation.kind)
    )
    found = dict(rows.all())
    return {kind: found.get(kind, 0) for kind in DesignationKind}


def get_enterprise(slug: str, *, on: date) -> EnterprisePage:
    """
    Return one active enterprise by its address name.

    :raises EnterpriseNotFound:
    """
    return _get(Enterprise.slug == slug, on)


def get_enterprise_by_id(enterprise_id: int, *, on: date) -> EnterprisePage:
    """
    Return one active enterprise.

    :raises EnterpriseNotFound:
    """
    return _get(Enterprise.id == enterprise_id, on)


def _get(which: ColumnElement[bool], on: date) -> EnterprisePage:
    rows = db.session.execute(
        select(Enterprise, Dong.name, Designation)
        .join(Dong, Dong.code == Enterprise.dong_code)
        .outerjoin(
            Designation,
            (Designation.enterprise_id == Enterprise.id) & designations.holds_on(on),
        )
        .where(which, Enterprise.status == EnterpriseStatus.ACTIVE)
        .order_by(Designation.granted_on, Designation.id)
    ).all()
    if not rows:
        raise EnterpriseNotFound
    enterprise, dong_name, _ = rows[0]
    held = [designation for _, _, designation in rows if designation is not None]
    card = _card(enterprise, dong_name, [designation.kind for designation in held])
    return EnterprisePage(
        **vars(card),
        story=enterprise.story,
        representative_name=enterprise.representative_name,
        business_number=enterprise.business_number,
        mail_order_number=enterprise.mail_order_number,
        phone=enterprise.phone,
        email=enterprise.email,
        zip_code=enterprise.zip_code,
        road_address=enterprise.road_address,
        address_detail=enterprise.address_detail,
        joined_on=enterprise.joined_on,
        designations=tuple(_designation(designation) for designation in held),
    )


def _card(
    enterprise: Enterprise, dong_name: str, kinds: Sequence[DesignationKind]
) -> EnterpriseCard:
    return EnterpriseCard(
        id=enterprise.id,
        slug=enterprise.slug,
        name=enterprise.name,
        tagline=enterprise.tagline,
        dong_code=enterprise.dong_code,
        dong_name=dong_name,
        picture_key=enterprise.picture_key,
        picture_alt=enterprise.picture_alt,
        accepts_counter_coupons=enterprise.accepts_counter_coupons,
        kinds=tuple(dict.fromkeys(kinds)),
    )


def _designation(designation: Designation) -> DesignationCard:
    return DesignationCard(
        kind=designation.kind,
        label=designations.LABELS[designation.kind],
        number=designation.number,
        authority=designation.authority,
        granted_on=designation.granted_on,
        expires_on=designation.expires_on,
    )
