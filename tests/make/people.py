"""People, departments and dong."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from marketplace.accounts.models import (
    Address,
    Department,
    Dong,
    Person,
    PersonStatus,
    Role,
    RoleGrant,
)
from marketplace.core.db import db
from tests.make.common import LONG_AGO, numbers, save


def dong(code: str = "1121582000", name: str = "자양1동") -> Dong:
    """Return the dong of this code, made when it is missing."""
    found = db.session.get(Dong, code)
    if found is None:
        found = Dong(code=code, name=name, position=next(numbers))
        save(found)
    return found


def department(name: str | None = None) -> Department:
    """Make a department of the district office."""
    made = Department(name=name or f"부서 {next(numbers)}", dong_code=None)
    save(made)
    return made


def person(
    name: str = "김주민",
    *,
    email: str | None = None,
    phone: str | None = "010-1234-5678",
    password_hash: str | None = None,
    confirmed: bool = True,
    of_dong: Dong | None = None,
    birth_on: date | None = None,
    roles: Sequence[Role] = (),
    of_department: Department | None = None,
    status: PersonStatus = PersonStatus.ACTIVE,
) -> Person:
    """Make somebody who signed up, with roles if any."""
    address = email or f"person{next(numbers)}@example.com"
    made = Person(
        email=address,
        email_key=address.lower(),
        email_confirmed_at=LONG_AGO if confirmed else None,
        password_hash=password_hash,
        name=name,
        phone=phone,
        birth_on=birth_on,
        dong_code=(of_dong or dong()).code,
        status=status,
    )
    save(made)
    for granted in roles:
        role(made, granted, of_department=of_department)
    return made


def role(of: Person, role: Role, *, of_department: Department | None = None) -> RoleGrant:
    """Give somebody a role."""
    made = RoleGrant(
        person_id=of.id,
        role=role,
        department_id=of_department.id if of_department else None,
        granted_at=LONG_AGO,
    )
    save(made)
    return made


def address(of: Person, *, zip_code: str = "05000", is_default: bool = True) -> Address:
    """Make an entry of somebody's address book."""
    made = Address(
        person_id=of.id,
        label="집",
        recipient_name=of.name,
        recipient_phone=of.phone or "010-0000-0000",
        zip_code=zip_code,
        road_address="서울특별시 광진구 자양로 117",
        address_detail="101호",
        is_default=is_default,
    )
    save(made)
    return made
