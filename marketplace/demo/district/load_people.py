"""Write the people of the demo district."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import insert, select

from marketplace.accounts import consents, emails, secrets, staffing
from marketplace.accounts.models import (
    Address,
    Consent,
    ConsentKind,
    Department,
    Person,
    PersonStatus,
    Role,
)
from marketplace.core import sealing
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db
from marketplace.demo.district import logins
from marketplace.demo.district.seeds import District, ResidentSeed


@dataclass(frozen=True, kw_only=True)
class People:
    """The ids of everybody, residents and owners in the order of their seeds."""

    residents: tuple[int, ...]
    owners: tuple[int, ...]
    cashier: int
    staff: dict[str, int]


def load(district: District, *, at: datetime) -> People:
    """Write residents, owners and staff with their rights."""
    # Argon2 is slow on purpose; everybody has the same password.
    password_hash = secrets.hash_secret(logins.PASSWORD)
    residents = _insert([_resident(seed, password_hash) for seed in district.residents])
    _write_consents(district.residents, residents)
    _write_addresses(district.residents, residents)
    enterprises = district.enterprises
    owners = _insert(
        [
            _desk(logins.owner_email(seed.slug), seed.representative, password_hash, at=at)
            for seed in enterprises
        ]
    )
    cashier = _insert(
        [_desk(logins.cashier_email(logins.CASHIER_OF), "차계산", password_hash, at=at)]
    )[0]
    staff = _insert([_desk(seed.email, seed.name, password_hash, at=at) for seed in district.staff])
    by_role = dict(zip((seed.role for seed in district.staff), staff, strict=True))
    _grant_roles(by_role, at=at)
    return People(residents=residents, owners=owners, cashier=cashier, staff=by_role)


def _insert(rows: list[dict[str, object]]) -> tuple[int, ...]:
    ids = db.session.scalars(
        insert(Person).returning(Person.id, sort_by_parameter_order=True), rows
    )
    return tuple(ids)


def _resident(seed: ResidentSeed, password_hash: str) -> dict[str, object]:
    return {
        "email": seed.email,
        "email_key": emails.key(seed.email),
        "email_confirmed_at": seed.joined_at,
        "password_hash": password_hash,
        "name": seed.name,
        "phone": seed.phone,
        "birth_on": seed.birth_on,
        "dong_code": seed.dong_code,
        "status": PersonStatus.ACTIVE,
        "created_at": seed.joined_at,
    }


def _desk(email: str, name: str, password_hash: str, *, at: datetime) -> dict[str, object]:
    """Return somebody who signs in with a second factor."""
    return {
        "email": email,
        "email_key": emails.key(email),
        "email_confirmed_at": at,
        "password_hash": password_hash,
        "name": name,
        "status": PersonStatus.ACTIVE,
        "totp_secret": sealing.seal(logins.TOTP_SECRET, purpose="totp"),
        "totp_confirmed_at": at,
    }


def _write_consents(seeds: tuple[ResidentSeed, ...], ids: tuple[int, ...]) -> None:
    always = (*consents.REQUIRED, ConsentKind.PRIVACY_OPTIONAL, ConsentKind.COUPON_ELIGIBILITY)
    db.session.execute(
        insert(Consent),
        [
            {
                "person_id": person_id,
                "kind": kind,
                "version": consents.TEXTS[kind].version,
                "given_at": seed.joined_at,
                "reconfirm_on": _reconfirm_on(kind, seed.joined_at),
            }
            for seed, person_id in zip(seeds, ids, strict=True)
            for kind in (*always, *([ConsentKind.MARKETING_EMAIL] if seed.takes_marketing else []))
        ],
    )


def _reconfirm_on(kind: ConsentKind, given_at: datetime) -> date | None:
    if not consents.TEXTS[kind].is_advertising:
        return None
    # The first of the month exists in every year, the 29th of February does not.
    given_on = day_in_seoul(given_at).replace(day=1)
    return given_on.replace(year=given_on.year + 2)


def _write_addresses(seeds: tuple[ResidentSeed, ...], ids: tuple[int, ...]) -> None:
    db.session.execute(
        insert(Address),
        [
            {
                "person_id": person_id,
                "label": "집",
                "recipient_name": seed.name,
                "recipient_phone": seed.phone,
                "zip_code": seed.address.zip_code,
                "road_address": seed.address.road_address,
                "address_detail": seed.address.address_detail,
                "is_default": True,
            }
            for seed, person_id in zip(seeds, ids, strict=True)
        ],
    )


def _grant_roles(by_role: dict[str, int], *, at: datetime) -> None:
    administrator = by_role[Role.ADMINISTRATOR]
    staffing.appoint_first_administrator(person_id=administrator, at=at)
    department_id = db.session.scalars(
        select(Department.id).where(Department.dong_code.is_(None)).order_by(Department.id)
    ).first()
    for role, person_id in by_role.items():
        if person_id != administrator:
            staffing.grant(
                person_id=person_id,
                role=Role(role),
                department_id=department_id,
                actor_id=administrator,
                at=at,
                ip=None,
            )
