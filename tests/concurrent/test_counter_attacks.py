"""One QR reported at once by two devices of the shop that took it without network."""

from __future__ import annotations

from functools import partial

from flask import Flask

from marketplace.checkout import counter_offline
from marketplace.checkout.counter_offline import Report
from marketplace.core.db import transaction
from marketplace.core.money import Won
from marketplace.coupons import devices
from marketplace.coupons.models import CouponKind
from marketplace.coupons.offline import OfflineOutcome
from tests import make
from tests.concurrent import crowd
from tests.make import NOW
from tests.service.checkout.tills import Till, assert_books_hold

DEVICES = 20


def test_a_qr_that_many_devices_of_a_shop_report_at_once_is_paid_once(crowded_app: Flask) -> None:
    with crowded_app.app_context():
        till = Till(CouponKind.STORED_VALUE, 30_000)
        qr = till.show().qr
        known = []
        for number in range(DEVICES):
            with transaction():
                device_id, _ = devices.register(
                    enterprise_id=till.enterprise.id,
                    name=f"계산대 {number}",
                    person_id=till.cashier.id,
                    at=make.LONG_AGO,
                )
                devices.set_cap(device_id=device_id, cap=Won(5_000), actor_id=till.cashier.id)
            known.append(device_id)
        report = Report("1", qr, Won(1_000), None, NOW)
        cashier_id = till.cashier.id

    answers = crowd.rush(
        crowded_app,
        [
            partial(
                counter_offline.take_in,
                device_id=device_id,
                cashier_id=cashier_id,
                report=report,
                at=NOW,
            )
            for device_id in known
        ],
    )

    outcomes = [kept.outcome for kept in crowd.done(answers)]
    assert len(outcomes) == DEVICES
    assert outcomes.count(OfflineOutcome.REDEEMED) == 1
    assert outcomes.count(OfflineOutcome.REFUSED) == DEVICES - 1
    with crowded_app.app_context():
        assert till.owed == 1_000
        assert_books_hold()
