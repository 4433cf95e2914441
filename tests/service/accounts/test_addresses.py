"""The address book keeps one default and knows whose it is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from marketplace.accounts import addresses
from marketplace.accounts.models import Person
from marketplace.core import phone
from marketplace.core.db import transaction
from tests import make

HOME = addresses.Written(
    label="우리 집",
    recipient_name="홍길동",
    recipient_phone="010-1234-5678",
    zip_code="05000",
    road_address="서울특별시  광진구 자양로 117",
    address_detail="101동 202호",
)


def _add(person: Person, *, is_default: bool = False, **changes: str) -> int:
    with transaction():
        return addresses.add(
            person_id=person.id, written=replace(HOME, **changes), is_default=is_default
        )


def _defaults(person: Person) -> list[int]:
    return [each.id for each in addresses.list_addresses(person.id) if each.is_default]


class TestAdd:
    def test_keeps_it_tidied_and_makes_the_first_the_default(self) -> None:
        person = make.person()
        address_id = _add(person, zip_code="\uff105000")

        (entry,) = addresses.list_addresses(person.id)
        assert (entry.id, entry.is_default) == (address_id, True)
        assert entry.zip_code == "05000"
        assert entry.recipient_phone == "010-1234-5678"
        assert entry.road_address == "서울특별시 광진구 자양로 117"

    def test_moves_the_default_when_asked(self) -> None:
        person = make.person()
        _add(person)
        second = _add(person, is_default=True)
        _add(person)

        assert _defaults(person) == [second]

    @pytest.mark.parametrize("zip_code", ["", "1234", "123456", "123-456", "abcde", "05000 "])
    def test_refuses_any_other_postal_code(self, zip_code: str) -> None:
        person = make.person()
        if zip_code.strip() == "05000":
            assert _add(person, zip_code=zip_code)
            return
        with pytest.raises(addresses.ZipInvalid):
            _add(person, zip_code=zip_code)

    @pytest.mark.parametrize(
        "changes",
        [{"recipient_name": " "}, {"road_address": ""}, {"road_address": "가" * 201}],
    )
    def test_refuses_what_no_parcel_reaches(self, changes: dict[str, str]) -> None:
        with pytest.raises(addresses.AddressIncomplete):
            _add(make.person(), is_default=False, **changes)

    def test_refuses_a_number_nobody_answers(self) -> None:
        with pytest.raises(phone.PhoneInvalid):
            _add(make.person(), recipient_phone="전화 없음")

    def test_is_full_at_some_point(self) -> None:
        person = make.person()
        for _ in range(addresses.MOST):
            _add(person)

        with pytest.raises(addresses.TooManyAddresses):
            _add(person)


class TestOthers:
    def test_find_nothing_and_change_nothing(self) -> None:
        owner, other = make.person(), make.person()
        address_id = _add(owner)

        with pytest.raises(addresses.AddressNotFound):
            addresses.get_address(person_id=other.id, address_id=address_id)
        with pytest.raises(addresses.AddressNotFound), transaction():
            addresses.change(person_id=other.id, address_id=address_id, written=HOME)
        with pytest.raises(addresses.AddressNotFound), transaction():
            addresses.make_default(person_id=other.id, address_id=address_id)
        with pytest.raises(addresses.AddressNotFound), transaction():
            addresses.remove(person_id=other.id, address_id=address_id)
        assert len(addresses.list_addresses(owner.id)) == 1


class TestChange:
    def test_rewrites_it(self) -> None:
        person = make.person()
        address_id = _add(person)
        with transaction():
            addresses.change(
                person_id=person.id,
                address_id=address_id,
                written=replace(HOME, label="", recipient_name="김철"),
            )

        entry = addresses.get_address(person_id=person.id, address_id=address_id)
        assert (entry.label, entry.recipient_name) == ("김철", "김철")


class TestRemove:
    def test_leaves_the_default_to_the_newest(self) -> None:
        person = make.person()
        first, second, third = _add(person), _add(person), _add(person)
        with transaction():
            addresses.remove(person_id=person.id, address_id=first)
        assert _defaults(person) == [third]

        with transaction():
            addresses.make_default(person_id=person.id, address_id=second)
        assert _defaults(person) == [second]

        for address_id in (third, second):
            with transaction():
                addresses.remove(person_id=person.id, address_id=address_id)
        assert addresses.list_addresses(person.id) == []
