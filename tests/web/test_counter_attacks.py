"""A cashier who guesses numbers, and tills that report nonsense."""

from __future__ import annotations

import json
from collections.abc import Callable

import pytest

from marketplace.accounts.models import Role
from marketplace.core import clock
from marketplace.core.db import db
from marketplace.coupons import codes
from marketplace.coupons.counter_models import FraudFlag, FraudKind
from marketplace.coupons.models import CouponKind
from marketplace.enterprises.models import MemberRole
from tests import make
from tests.service.checkout.tills import Till
from tests.web.visitor import Visitor

URL = "/seller/counter"


@pytest.fixture
def till(isolated: None) -> Till:  # noqa: ARG001
    """A shop, its cashier and a resident with 10,000 won to spend in parts."""
    made = Till(CouponKind.STORED_VALUE, 10_000)
    make.member(made.enterprise, made.cashier, role=MemberRole.CASHIER)
    return made


@pytest.fixture
def cashier(visitor: Visitor, till: Till) -> Visitor:
    """The cashier at the till."""
    return visitor.enter(till.cashier)


class TestGuessing:
    """However the number is sent, ten wrong ones a minute are all."""

    @pytest.mark.parametrize("key", ["", "short", "no key at all", "offline:1:x:y"])
    def test_without_a_key_tells_nothing(self, cashier: Visitor, till: Till, key: str) -> None:
        numbers = (codes.draw(), till.show(at=clock.now()).code)
        texts = [
            "\n".join(
                line
                for line in cashier.post(
                    f"{URL}/uses", {"shown": number, "key": key, "amount": "1"}
                ).text.splitlines()
                if "csrf" not in line and number not in line
            )
            for number in numbers
        ]

        assert texts[0] == texts[1]

    def test_without_a_key_is_counted(self, cashier: Visitor) -> None:
        answers = [
            cashier.post(f"{URL}/uses", {"shown": f"7777777{n}", "key": ""}).status_code
            for n in range(11)
        ]

        assert answers == [*[422] * 10, 429]

    def test_under_the_key_of_another_use_is_counted(self, cashier: Visitor, till: Till) -> None:
        form = {"key": "tap-00000001", "amount": "1000"}
        done = cashier.post(f"{URL}/uses", {**form, "shown": till.show(at=clock.now()).qr})
        assert done.status_code == 303

        answers = [
            cashier.post(
                f"{URL}/uses", {**form, "amount": "2000", "shown": f"7777777{n}"}
            ).status_code
            for n in range(11)
        ]

        assert answers == [*[409] * 10, 429]

    def test_is_told_to_the_staff_once(self, cashier: Visitor, till: Till) -> None:
        for n in range(13):
            cashier.post(f"{URL}/scan", {"shown": f"7777777{n % 10}"})

        (flag,) = db.session.query(FraudFlag).all()
        assert (flag.kind, flag.person_id) == (FraudKind.CODE_GUESSING, till.cashier.id)


class TestReports:
    @pytest.mark.parametrize(
        "wrong",
        [{"qr": "SNR1:T:\ud800:1:z"}, {"at": 253_402_300_799_000}, {"at": -62_135_596_800_000}],
    )
    def test_break_no_page_that_lists_them(
        self,
        cashier: Visitor,
        till: Till,
        another: Callable[[], Visitor],
        wrong: dict[str, object],
    ) -> None:
        cashier.post(f"{URL}/devices", {"name": "계산대 1"})
        use = {"key": "1", "qr": "SNR1:T:x:1:z", "amount": 1, "purchase": None, "at": 10**12}
        officer = another().enter(make.person(roles=[Role.AUDITOR]), second_factor=True)

        sent = cashier.post(f"{URL}/offline", {"batch": json.dumps([{**use, **wrong}])})

        assert sent.status_code == 422
        assert cashier.get(f"{URL}/devices").status_code == 200
        assert officer.get("/office/counter/offline").status_code == 200
        assert till.owed == 0
