"""The till, the wallet and the office's pages about them."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from flask import Flask, Response

from marketplace.accounts.models import Role
from marketplace.checkout import counter_offline
from marketplace.core import clock
from marketplace.core.db import db, transaction
from marketplace.core.money import Won
from marketplace.coupons import codes, devices, signing, tokens
from marketplace.coupons.counter_models import CounterDevice, CounterToken, CounterUse, OfflineUse
from marketplace.coupons.models import Coupon, CouponKind, CouponState
from marketplace.enterprises.models import MemberRole
from tests import make
from tests.service.checkout.tills import Till
from tests.web.visitor import Visitor

URL = "/seller/counter"
_HIDDEN = re.compile(r'name="(shown|key)" value="([^"]+)"')


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


def shown(till: Till) -> tokens.ShownToken:
    """Show the coupon now."""
    return till.show(at=clock.now())


def scan(cashier: Visitor, text: str) -> dict[str, str]:
    """Scan and return what the amount page will send."""
    answer = cashier.post(f"{URL}/scan", {"shown": text})
    assert (answer.status_code, answer.location) == (303, f"{URL}/amount")
    return dict(_HIDDEN.findall(cashier.get(f"{URL}/amount").text))


def used(cashier: Visitor, till: Till, amount: str = "3,000") -> str:
    """Use a part and return the address of the receipt."""
    answer = cashier.post(f"{URL}/uses", {**scan(cashier, shown(till).qr), "amount": amount})
    assert answer.status_code == 303
    return str(answer.location)


class TestTill:
    def test_scans_takes_and_shows_it_huge(self, cashier: Visitor, till: Till) -> None:
        page = cashier.get(used(cashier, till)).text

        assert "쿠폰을 썼습니다" in page
        assert "3,000<small>원</small>" in page
        assert "<dt>손님에게 남은 금액</dt><dd>7,000원</dd>" in page
        assert "김*민" in page
        assert "김주민" not in page
        assert "오늘 쿠폰 1건" in cashier.get(URL).text
        assert "3,000원" in cashier.get(f"{URL}/today").text

    def test_a_double_tap_leads_to_one_receipt(self, cashier: Visitor, till: Till) -> None:
        form = {**scan(cashier, shown(till).qr), "amount": "3000"}

        answers = [cashier.post(f"{URL}/uses", form) for _ in range(2)]

        assert len({answer.location for answer in answers}) == 1
        assert make.count_of(CounterUse) == 1

    def test_takes_the_typed_number(self, cashier: Visitor, till: Till) -> None:
        assert scan(cashier, shown(till).code.lower())["shown"].startswith("SNR1:H:")

    def test_says_the_balance_and_keeps_what_was_typed(self, cashier: Visitor, till: Till) -> None:
        form = {**scan(cashier, shown(till).qr), "amount": "10,001"}

        refused = cashier.post(f"{URL}/uses", form)

        assert refused.status_code == 409
        assert "남은 금액은 10,000원입니다" in refused.text
        assert 'value="10,001"' in refused.text

    def test_goes_back_to_the_camera_when_the_coupon_is_gone(
        self, cashier: Visitor, till: Till
    ) -> None:
        form = {**scan(cashier, shown(till).qr), "amount": "1000"}
        with transaction():
            db.session.get_one(Coupon, till.coupon_id).state = CouponState.REVOKED

        refused = cashier.post(f"{URL}/uses", form)

        assert refused.status_code == 409
        assert "회수된 쿠폰" in refused.text
        assert "손님 쿠폰을 비춰 주세요" in refused.text

    def test_without_a_scan_there_is_no_amount(self, cashier: Visitor) -> None:
        assert cashier.get(f"{URL}/amount").location == URL

    def test_reverses_on_the_same_day_and_once(self, cashier: Visitor, till: Till) -> None:
        receipt = used(cashier, till)

        answers = [cashier.post(f"{receipt}/reversal") for _ in range(2)]

        assert [answer.status_code for answer in answers] == [303, 303]
        assert "사용을 취소했습니다" in cashier.get(receipt).text
        assert till.coupon.balance == 10_000

    def test_later_only_the_office_reverses_and_says_why(
        self, cashier: Visitor, till: Till, another: Callable[[], Visitor]
    ) -> None:
        receipt = used(cashier, till)
        with transaction():
            db.session.query(CounterUse).one().used_at = clock.now() - timedelta(days=2)
        number = receipt.rpartition("/")[2]
        officer = another().enter(make.person(roles=[Role.OPERATOR]), second_factor=True)

        late = cashier.post(f"{receipt}/reversal")
        silent = officer.post(f"/office/counter/{number}/reversal", {"reason": " "})
        done = officer.post(f"/office/counter/{number}/reversal", {"reason": "민원"})

        assert (late.status_code, silent.status_code, done.status_code) == (409, 422, 303)
        assert "구청 담당자에게" in late.text
        assert "취소하는 사유" in silent.text
        assert "민원" in officer.get(f"/office/counter?number={number}").text
        assert till.coupon.balance == 10_000

    def test_is_closed_to_other_shops(
        self, cashier: Visitor, till: Till, another: Callable[[], Visitor]
    ) -> None:
        receipt = used(cashier, till)
        other = make.person()
        make.member(make.enterprise(), other, role=MemberRole.CASHIER)
        stranger = another().enter(other)

        assert stranger.get(receipt).status_code == 404
        assert stranger.post(f"{receipt}/reversal").status_code == 404
        assert another().enter(make.person()).get(URL).status_code == 403


class TestGuessing:
    def test_ten_wrong_numbers_a_minute_and_then_429(self, cashier: Visitor, till: Till) -> None:
        answers = [cashier.post(f"{URL}/scan", {"shown": f"7777777{n}"}) for n in range(10)]
        eleventh = cashier.post(f"{URL}/scan", {"shown": shown(till).code})

        assert {answer.status_code for answer in answers} == {404}
        assert eleventh.status_code == 429
        assert int(eleventh.headers["Retry-After"]) <= 61

    def test_right_numbers_and_scans_are_not_counted(self, cashier: Visitor, till: Till) -> None:
        for _ in range(6):
            scan(cashier, shown(till).code)
            scan(cashier, shown(till).qr)

        assert cashier.post(f"{URL}/scan", {"shown": "7777 7777"}).status_code == 404

    def test_the_use_itself_is_no_way_around(self, cashier: Visitor) -> None:
        form = {"key": "guess-0000001", "amount": "1000"}
        answers = [
            cashier.post(f"{URL}/uses", {**form, "shown": f"7777777{n}"}).status_code
            for n in range(11)
        ]

        assert answers == [*[404] * 10, 429]

    def test_unknown_and_foreign_numbers_look_alike(self, cashier: Visitor) -> None:
        foreign = Till(rules={"scope": {"enterprises": [make.enterprise().id]}})
        texts = [
            "\n".join(
                line
                for line in cashier.post(f"{URL}/scan", {"shown": number}).text.splitlines()
                if "csrf" not in line and number not in line
            )
            for number in (foreign.paper(), codes.draw(), foreign.show(at=clock.now()).code)
        ]

        assert len(set(texts)) == 1


class TestWallet:
    def test_shows_a_new_qr_and_ends_the_one_before(self, visitor: Visitor, till: Till) -> None:
        visitor.enter(till.resident)
        url = f"/my/coupons/{till.coupon_id}"

        plain = visitor.post(f"{url}/token")
        part = visitor.post(f"{url}/token", headers={"HX-Request": "true"})

        assert (plain.status_code, part.status_code) == (200, 200)
        assert "<svg" in part.text
        assert "<html" not in part.text
        alive = [row for row in db.session.query(CounterToken) if row.expires_at > clock.now()]
        assert (make.count_of(CounterToken), len(alive)) == (2, 1)

    def test_opening_the_page_alone_makes_no_token(self, visitor: Visitor, till: Till) -> None:
        visitor.enter(till.resident)

        page = visitor.get(f"/my/coupons/{till.coupon_id}").text

        assert "10,000<small>원</small>" in page
        assert till.enterprise.name in page
        assert make.count_of(CounterToken) == 0

    def test_is_the_members_own(self, visitor: Visitor, till: Till) -> None:
        visitor.enter(make.person())

        assert visitor.get(f"/my/coupons/{till.coupon_id}").status_code == 404
        assert visitor.post(f"/my/coupons/{till.coupon_id}/token").status_code == 404

    def test_keeps_receipts_for_whoever_used(
        self, cashier: Visitor, till: Till, another: Callable[[], Visitor]
    ) -> None:
        number = used(cashier, till).rpartition("/")[2]
        resident = another().enter(till.resident)

        listed = resident.get("/my/coupons/receipts").text
        own = resident.get(f"/my/coupons/receipts/{number}").text

        assert number in listed
        assert till.enterprise.name in own
        assert cashier.get(f"/my/coupons/receipts/{number}").status_code == 404


class TestSecretsStayOut:
    def test_of_addresses_logs_and_kept_pages(
        self, app: Flask, cashier: Visitor, till: Till, caplog: pytest.LogCaptureFixture
    ) -> None:
        """S13: a token goes by POST body alone and is on no page but the resident's own."""
        caplog.set_level(logging.DEBUG)
        seen: list[Response] = []

        def keep(response: Response) -> Response:
            seen.append(response)
            return response

        app.after_request_funcs.setdefault(None, []).append(keep)
        try:
            qr, code = (lambda token: (token.qr, token.code))(shown(till))
            receipt = cashier.get(used_with(cashier, qr))
            again = cashier.post(f"{URL}/scan", {"shown": qr})
        finally:
            app.after_request_funcs[None].pop()

        secret = qr.split(":")[2]
        bodies = "".join(each.get_data(as_text=True) for each in seen)
        addresses = " ".join(
            f"{each.location} {each.headers.get('Refresh')} {dict(each.headers)}" for each in seen
        )
        assert again.status_code == 409
        for hidden in (secret, code, code.replace(" ", "")):
            assert hidden not in bodies
            assert hidden not in addresses
            assert hidden not in caplog.text
        assert {each.headers["Cache-Control"] for each in (*seen, receipt)} == {"no-store"}
        assert receipt.headers["Referrer-Policy"] == "same-origin"


def used_with(cashier: Visitor, qr: str) -> str:
    """Use what a QR says and return the receipt's address."""
    answer = cashier.post(f"{URL}/uses", {**scan(cashier, qr), "amount": "1,000"})
    return str(answer.location)


class TestOffline:
    def register(self, cashier: Visitor, *, cap: int = 20_000) -> int:
        cashier.post(f"{URL}/devices", {"name": "계산대 1"})
        device = db.session.query(CounterDevice).one()
        with transaction():
            devices.set_cap(device_id=device.id, cap=Won(cap), actor_id=device.registered_by)
        return device.id

    def batch(self, *uses: dict[str, object]) -> dict[str, str]:
        return {"batch": json.dumps(uses)}

    def one(self, qr: str, key: str = "1") -> dict[str, object]:
        at = int(clock.now().timestamp() * 1000)
        return {"key": key, "qr": qr, "amount": 3_000, "purchase": None, "at": at}

    def test_gives_a_registered_device_what_it_needs(self, cashier: Visitor, till: Till) -> None:
        stranger = cashier.get(f"{URL}/offline/pack").get_json()
        self.register(cashier)

        pack = cashier.get(f"{URL}/offline/pack").get_json()

        assert stranger["device"] is None
        assert pack["device"]["cap"] == 20_000
        assert pack["keys"] == signing.public_keys()
        assert till.coupon.version_id in pack["versions"]

    def test_takes_a_batch_once_however_often_it_is_sent(
        self, cashier: Visitor, till: Till
    ) -> None:
        self.register(cashier)
        batch = self.batch(self.one(shown(till).qr), self.one("SNR1:T:x:y:z", "2"))

        answers = [cashier.post(f"{URL}/offline", batch).get_json() for _ in range(2)]

        assert answers[0] == answers[1]
        assert [each["outcome"] for each in answers[0]["results"]] == ["redeemed", "refused"]
        assert answers[0]["results"][1]["text"] == counter_offline.REFUSALS["forged"]
        assert (make.count_of(OfflineUse), make.count_of(CounterUse)) == (2, 1)

    def test_lists_what_was_refused_for_staff(
        self, cashier: Visitor, till: Till, another: Callable[[], Visitor]
    ) -> None:
        self.register(cashier, cap=2_999)
        cashier.post(f"{URL}/offline", self.batch(self.one(shown(till).qr)))
        officer = another().enter(make.person(roles=[Role.AUDITOR]), second_factor=True)

        page = officer.get("/office/counter/offline").text

        assert counter_offline.REFUSALS["over_cap"] in page
        assert till.enterprise.name in page

    @pytest.mark.parametrize("text", ["", "{}", "[1]", '[{"key": "1"}]', "[" * 9_000])
    def test_refuses_what_is_no_batch(self, cashier: Visitor, text: str) -> None:
        self.register(cashier)

        assert cashier.post(f"{URL}/offline", {"batch": text}).status_code == 422

    def test_refuses_a_browser_that_is_no_device(self, cashier: Visitor) -> None:
        answer = cashier.post(f"{URL}/offline", self.batch())

        assert answer.status_code == 404
        assert answer.get_json()["code"] == "DeviceNotFound"

    def test_the_office_sets_the_cap_and_ends_a_lost_device(
        self, cashier: Visitor, another: Callable[[], Visitor]
    ) -> None:
        device_id = self.register(cashier)
        officer = another().enter(make.person(roles=[Role.OPERATOR]), second_factor=True)

        wrong = officer.post(f"/office/devices/{device_id}/cap", {"cap": "많이"})
        right = officer.post(f"/office/devices/{device_id}/cap", {"cap": "50,000원"})

        assert (wrong.status_code, right.status_code) == (422, 303)
        assert cashier.get(f"{URL}/offline/pack").get_json()["device"]["cap"] == 50_000
        assert "50000" in officer.get("/office/devices").text
        officer.post(f"/office/devices/{device_id}/revocation")
        assert cashier.get(f"{URL}/offline/pack").get_json()["device"] is None

    def test_serves_the_worker_for_the_till_alone(self, cashier: Visitor) -> None:
        answer = cashier.get(f"{URL}/offline/worker.js")

        assert answer.mimetype == "text/javascript"
        assert answer.headers["Service-Worker-Allowed"] == URL
