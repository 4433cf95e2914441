"""A person's address book."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass
from typing import Final

from sqlalchemy import bindparam, func, select, update

from marketplace.accounts import people
from marketplace.accounts.models import Address
from marketplace.core import phone as phones
from marketplace.core.db import db
from marketplace.core.errors import Conflict, InvalidInput, NotFound

MOST: Final = 20
LONGEST: Final = {
    "label": 20,
    "recipient_name": people.LONGEST_NAME,
    "road_address": 200,
    "address_detail": 100,
}


class AddressNotFound(NotFound):
    """The person has no such address."""

    message = "주소를 찾을 수 없습니다."


class ZipInvalid(InvalidInput):
    """Korean postal codes have five digits since 2015."""

    message = "우편번호는 숫자 5자리입니다."
    field = "zip_code"


class AddressIncomplete(InvalidInput):
    """A parcel would not arrive."""

    message = "받는 분과 도로명 주소를 적어 주세요."
    field = "road_address"


class TooManyAddresses(Conflict):
    """The address book is full."""

    message = "주소는 {most}개까지 둘 수 있습니다. 쓰지 않는 주소를 지워 주세요."


@dataclass(frozen=True, kw_only=True)
class Written:
    """One address as somebody wrote it."""

    label: str
    recipient_name: str
    recipient_phone: str
    zip_code: str
    road_address: str
    address_detail: str


@dataclass(frozen=True, kw_only=True)
class Entry(Written):
    """One address of the book."""

    id: int
    is_default: bool


def add(*, person_id: int, written: Written, is_default: bool) -> int:
    """
    Add an address; the first one is the default.

    :raises ZipInvalid, AddressIncomplete, PhoneInvalid, TooManyAddresses:
    """
    values = _checked(written)
    # Locks the book, so that two tabs cannot both write the first address.
    people.get_for_change(person_id)
    kept = db.session.scalar(select(func.count()).where(Address.person_id == person_id)) or 0
    if kept >= MOST:
        raise TooManyAddresses(most=MOST)
    is_default = is_default or kept == 0
    if is_default:
        _clear_default(person_id)
    address = Address(person_id=person_id, is_default=is_default, **vars(values))
    db.session.add(address)
    db.session.flush()
    return address.id


def change(*, person_id: int, address_id: int, written: Written) -> None:
    """
    Rewrite an address.

    :raises AddressNotFound, ZipInvalid, AddressIncomplete, PhoneInvalid:
    """
    address = _get(person_id, address_id)
    for name, value in vars(_checked(written)).items():
        setattr(address, name, value)
    db.session.flush()


def make_default(*, person_id: int, address_id: int) -> None:
    """
    Let parcels go to this address unless told otherwise.

    :raises AddressNotFound:
    """
    people.get_for_change(person_id)
    address = _get(person_id, address_id)
    if not address.is_default:
        _clear_default(person_id)
        address.is_default = True
        db.session.flush()


def remove(*, person_id: int, address_id: int) -> None:
    """
    Delete an address; the newest of the rest takes over as default.

    :raises AddressNotFound:
    """
    people.get_for_change(person_id)
    address = _get(person_id, address_id)
    was_default = address.is_default
    db.session.delete(address)
    db.session.flush()
    heir = db.session.scalars(
        select(Address).where(Address.person_id == person_id).order_by(Address.id.desc()).limit(1)
    ).one_or_none()
    if was_default and heir is not None:
        heir.is_default = True
        db.session.flush()


_BOOK: Final = (
    select(Address)
    .where(Address.person_id == bindparam("person"))
    .order_by(Address.is_default.desc(), Address.id.desc())
)


def list_addresses(person_id: int) -> list[Entry]:
    """List a person's addresses, the default first."""
    return [_entry(row) for row in db.session.scalars(_BOOK, {"person": person_id})]


def get_address(*, person_id: int, address_id: int) -> Entry:
    """
    Return one address of a person's book.

    :raises AddressNotFound:
    """
    return _entry(_get(person_id, address_id))


def _get(person_id: int, address_id: int) -> Address:
    address = db.session.scalars(
        select(Address).where(Address.id == address_id, Address.person_id == person_id)
    ).one_or_none()
    if address is None:
        raise AddressNotFound
    return address


def _clear_default(person_id: int) -> None:
    db.session.execute(
        update(Address)
        .where(Address.person_id == person_id, Address.is_default)
        .values(is_default=False)
    )


def _checked(written: Written) -> Written:
    plain = {
        name: " ".join(unicodedata.normalize("NFC", value).split())
        for name, value in vars(written).items()
    }
    zip_code = unicodedata.normalize("NFKC", plain["zip_code"])
    if not re.fullmatch(r"[0-9]{5}", zip_code):
        raise ZipInvalid
    fits = all(len(plain[name]) <= longest for name, longest in LONGEST.items())
    if not fits or not plain["recipient_name"] or not plain["road_address"]:
        raise AddressIncomplete
    return Written(
        label=plain["label"] or plain["recipient_name"],
        recipient_name=plain["recipient_name"],
        recipient_phone=phones.normalise(plain["recipient_phone"]),
        zip_code=zip_code,
        road_address=plain["road_address"],
        address_detail=plain["address_detail"],
    )


def _entry(row: Address) -> Entry:
    return Entry(
        id=row.id,
        label=row.label,
        recipient_name=row.recipient_name,
        recipient_phone=phones.dashed(row.recipient_phone),
        zip_code=row.zip_code,
        road_address=row.road_address,
        address_detail=row.address_detail,
        is_default=row.is_default,
    )
