"""Coupons at a shop's till: who may, how much, once, and every won booked."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from marketplace.checkout import counter
from marketplace.core.db import db, transaction
from marketplace.core.money import Won
from marketplace.core.outbox import Job
from marketplace.coupons import budgets, codes
from marketplace.coupons import counter as rules
from marketplace.coupons.counter_models import CounterToken, CounterUse
from marketplace.coupons.models import (
    Campaign,
    CampaignStatus,
    Coupon,
    CouponChannel,
    CouponKind,
    CouponState,
    FunderKind,
)
from marketplace.coupons.presented import TokenReused
from marketplace.coupons.refusals import (
    AlreadyUsed,
    BudgetExhausted,
    CouponNotFound,
    CouponRefused,
    Expired,
)
from marketplace.coupons.tokens import TokenExpired
from marketplace.enterprises.models import DesignationKind
from marketplace.ledger import posting
from tests import make
from tests.make import NOW
from tests.service.checkout.tills import SOON, Till, assert_books_hold, entries, shop

pytestmark = pytest.mark.usefixtures("isolated")

SECOND = timedelta(seconds=1)


class TestTakes:
    def test_a_fixed_coupon_whole_and_owes_the_shop_its_amount(self) -> None:
        till = Till()

        receipt = till.use(till.show().qr, purchase=12_000)

        assert (receipt.amount, receipt.purchase_amount, receipt.holder) == (5_000, 12_000, "김*민")
        assert till.coupon.state is CouponState.REDEEMED
        assert till.money == ((3_000, 1_500), (7_000, 3_500))
        assert till.owed == 5_000
        assert posting.balance(f"grant:{till.city.id}") == 1_500
        assert_books_hold()

    def test_no_more_than_the_purchase_costs(self) -> None:
        till = Till()

        receipt = till.use(till.show().qr, purchase=3_333)

        assert receipt.amount == 3_333
        assert till.money == ((3_000, 1_000), (7_000, 2_333))
        assert_books_hold()

    def test_a_percentage_up_to_its_maximum(self) -> None:
        till = Till(
            CouponKind.PERCENT, rules={"rate_bps": 1_500, "max_discount": 3_000, "round_unit": 10}
        )

        assert till.use(till.show().qr, purchase=12_345).amount == 1_850

        other = Till(CouponKind.PERCENT, rules={"rate_bps": 1_500, "max_discount": 3_000})
        assert other.use(other.show().qr, purchase=50_000).amount == 3_000

    def test_a_stored_value_in_parts_and_keeps_the_balance(self) -> None:
        till = Till(CouponKind.STORED_VALUE, 10_000)

        first = till.use(till.show().qr, amount=3_001)
        second = till.use(till.show(at=SOON).qr, amount=6_999, key="tap-00000002", at=SOON)

        assert (first.left, second.left) == (6_999, 0)
        assert till.coupon.state is CouponState.REDEEMED
        assert till.money == ((6_000, 3_000), (14_000, 7_000))
        assert_books_hold()

    def test_paper_from_whoever_holds_it(self) -> None:
        till = Till()
        code = till.paper()

        typed = till.use(code.lower(), purchase=9_000)

        assert (typed.method.value, typed.holder, typed.person_id) == ("paper_code", "", None)
        with pytest.raises(AlreadyUsed, match="이미 사용한"):
            till.use(codes.paper_text(code), purchase=9_000, key="tap-00000002")
        assert_books_hold()

    def test_the_eight_characters_however_they_are_typed(self) -> None:
        till = Till()
        code = till.show().code

        typed = code.lower().replace("0", "o").replace("1", "l").replace(" ", "-")

        assert till.use(typed, purchase=9_000).method.value == "code"

    def test_what_was_scanned_in_time_though_the_phone_has_turned_its_page(self) -> None:
        till = Till()
        qr = till.show().qr
        seen = counter.preview(enterprise_id=till.enterprise.id, shown=qr, at=NOW)
        later = NOW + timedelta(minutes=2)
        till.show(at=later)

        assert till.use(seen.handle, purchase=9_000, at=later).amount == 5_000

    def test_what_enterprises_fund_without_owing_it_to_them(self) -> None:
        own = make.grant(FunderKind.ENTERPRISE)
        till = Till(rules={"grants": [(own, 4_000), (make.grant(FunderKind.CITY), 6_000)]})
        only = Till(rules={"grants": [(own, 10_000)]}, enterprise=till.enterprise)

        receipt = till.use(till.show().qr, purchase=9_000)
        gift = only.use(only.show().qr, purchase=9_000, key="tap-00000002")

        assert (receipt.amount, gift.amount, till.owed) == (5_000, 5_000, 3_000)
        till.reverse(receipt)
        till.reverse(gift)
        assert till.owed == 0
        assert_books_hold()

    @pytest.mark.parametrize(("clips", "taken"), [(True, 3_000), (False, None)])
    def test_what_is_left_of_a_coupon_that_came_back_poorer_if_the_campaign_clips(
        self, clips: bool, taken: int | None
    ) -> None:
        till = Till(rules={"clip_over_budget": clips})
        with transaction():
            coupon = db.session.get_one(Coupon, till.coupon_id)
            coupon.worst_case = coupon.balance = Won(3_000)
            budgets.move({till.city.id: (-600, 0), till.district.id: (-1_400, 0)})

        if taken is None:
            with pytest.raises(BudgetExhausted):
                till.use(till.show().qr, purchase=9_000)
        else:
            assert till.use(till.show().qr, purchase=9_000).amount == taken
        assert_books_hold()

    def test_tells_the_resident_and_keeps_a_receipt(self) -> None:
        till = Till()

        receipt = till.use(till.show().qr, purchase=9_000)

        told = db.session.scalars(
            select(Job.payload).where(Job.dedupe_key == f"coupon_used:{receipt.redemption_id}")
        ).all()
        assert told == [{"kind": "coupon_used", "redemption_id": receipt.redemption_id}]


class TestOnce:
    def test_a_double_tap_is_one_use(self) -> None:
        till = Till(CouponKind.STORED_VALUE, 10_000)
        qr = till.show().qr

        first, second = (till.use(qr, amount=3_000) for _ in range(2))

        assert first == second
        assert (make.count_of(CounterUse), entries("counter_redeemed")) == (1, 1)
        assert till.coupon.balance == 7_000

    def test_one_key_is_not_two_uses(self) -> None:
        till = Till(CouponKind.STORED_VALUE, 10_000)
        till.use(till.show().qr, amount=3_000)

        with pytest.raises(counter.KeyTaken):
            till.use(till.show(at=SOON).qr, amount=2_000, at=SOON)

    def test_a_replayed_qr_is_refused_and_says_where_it_was_used(self) -> None:
        till = Till(CouponKind.STORED_VALUE, 10_000)
        qr = till.show().qr
        till.use(qr, amount=3_000)

        with pytest.raises(TokenReused, match=till.enterprise.name) as refused:
            till.use(qr, amount=3_000, key="tap-00000002", enterprise=shop())

        assert refused.value.code == "token_reused"
        assert till.coupon.balance == 7_000

    def test_a_screenshot_after_the_turn_is_refused(self) -> None:
        till = Till()
        old = till.show()
        till.show(at=SOON)

        for shown in (old.qr, old.code):
            with pytest.raises(TokenExpired):
                till.use(shown, purchase=9_000, at=SOON)

    def test_a_token_lives_less_than_a_minute(self) -> None:
        till = Till()
        shown = till.show()

        assert shown.expires_at - NOW <= timedelta(seconds=60)
        with pytest.raises(TokenExpired):
            till.use(shown.qr, purchase=9_000, at=shown.expires_at)

        assert till.use(shown.qr, purchase=9_000, at=shown.expires_at - SECOND).amount == 5_000

    def test_every_use_needs_a_key(self) -> None:
        till = Till()

        with pytest.raises(counter.KeyMissing):
            till.use(till.show().qr, purchase=9_000, key="")

    def test_secrets_are_kept_as_digests_only(self) -> None:
        till = Till()
        shown = till.show()

        row = db.session.scalars(select(CounterToken)).one()

        secret = shown.qr.split(":")[2]
        assert len(secret) * 6 >= 128
        assert secret not in f"{row.token_digest}{row.code_digest}"
        assert shown.code.replace(" ", "") not in row.code_digest


class TestRefuses:
    def refused(self, till: Till, *, shown: str | None = None, **how: object) -> str:
        with pytest.raises((CouponRefused, CouponNotFound)) as refused:
            till.use(shown or till.show().qr, **{"purchase": 9_000, **how})  # type: ignore[arg-type]
        assert till.money == ((4_500, 0), (10_500, 0))
        assert (till.owed, make.count_of(CounterUse)) == (0, 0)
        return refused.value.code

    def test_a_coupon_for_the_mall_only(self) -> None:
        till = Till(rules={"channel": CouponChannel.ONLINE})
        code = till.paper()

        assert self.refused(till, shown=codes.paper_text(code)) == "wrong_channel"
        with pytest.raises(CouponRefused, match="온라인"):
            till.show()

    def test_a_shop_the_campaign_does_not_name(self) -> None:
        till = Till(rules={"scope": {"enterprises": [make.enterprise().id]}})

        assert self.refused(till) == "enterprise_not_joined"

    def test_a_shop_without_the_designation_it_is_for(self) -> None:
        till = Till(rules={"scope": {"kinds": [DesignationKind.VILLAGE.value]}})
        assert self.refused(till) == "enterprise_not_joined"

        with transaction():
            make.designation(till.enterprise, DesignationKind.VILLAGE)
        assert till.use(till.show(at=SOON).qr, purchase=9_000, at=SOON).amount == 5_000

    def test_a_shop_that_takes_no_coupons(self) -> None:
        assert self.refused(Till(enterprise=shop(accepts=False))) == "enterprise_not_joined"

    def test_a_coupon_for_certain_products(self) -> None:
        till = Till(rules={"scope": {"products": [make.sellable().product_id]}})

        assert self.refused(till) == "out_of_scope"

    def test_typed_numbers_of_other_shops_as_unknown_ones(self) -> None:
        till = Till(rules={"scope": {"enterprises": [make.enterprise().id]}})

        foreign = [till.show().code, till.paper()]
        unknown = ["ZZZZ ZZZZ", codes.draw()]

        assert {self.refused(till, shown=shown) for shown in (*foreign, *unknown)} == {"not_found"}

    @pytest.mark.parametrize(
        "shown", ["", " ", "SNR1:T:", "SNR1:P:x:y", "SNR1:H:x", "SNR1:H:" + "A" * 90, "9" * 5000]
    )
    def test_nonsense_as_unknown(self, shown: str) -> None:
        with pytest.raises(CouponNotFound):
            Till().use(shown, purchase=9_000)

    def test_a_handle_of_another_shop(self) -> None:
        till = Till()
        handle = counter.preview(
            enterprise_id=till.enterprise.id, shown=till.show().qr, at=NOW
        ).handle

        with pytest.raises(CouponNotFound):
            till.use(handle, purchase=9_000, enterprise=shop())

    def test_the_very_second_it_expires(self) -> None:
        end = NOW + timedelta(seconds=30)
        till = Till(rules={"valid_until": end})

        assert self.refused(till, at=end) in ("expired", "token_expired")
        assert till.use(till.show().qr, purchase=9_000, at=end - SECOND).amount == 5_000

    def test_paper_the_very_second_its_campaign_ends(self) -> None:
        till = Till(rules={"ends_at": NOW + timedelta(hours=1)})
        code = till.paper()

        with pytest.raises(Expired):
            till.use(code, purchase=9_000, at=NOW + timedelta(hours=1))
        assert till.use(code, purchase=9_000, at=NOW + timedelta(minutes=59)).amount == 5_000

    def test_more_than_the_balance_and_says_what_it_is(self) -> None:
        till = Till(CouponKind.STORED_VALUE)

        with pytest.raises(rules.OverBalance, match="5,000원") as refused:
            till.use(till.show().qr, amount=5_001)
        assert refused.value.code == "over_balance"

    def test_a_purchase_below_the_minimum(self) -> None:
        till = Till(rules={"min_order": 9_001})

        assert self.refused(till) == "below_minimum"
        assert till.use(till.show(at=SOON).qr, purchase=9_001, at=SOON).amount == 5_000

    @pytest.mark.parametrize("hours", [{"weekdays": [5, 6]}, {"from": "13:00"}, {"until": "12:00"}])
    def test_other_hours_than_the_campaigns(self, hours: dict[str, object]) -> None:
        # NOW is Tuesday noon in Seoul.
        assert self.refused(Till(rules={"hours": hours})) == "not_started"

    def test_a_paused_campaign(self) -> None:
        till = Till()
        shown = till.show().qr
        with transaction():
            db.session.get_one(Campaign, till.campaign.id).status = CampaignStatus.PAUSED

        assert self.refused(till, shown=shown) == "paused"

    @pytest.mark.parametrize(
        ("state", "code"),
        [
            (CouponState.HELD, "already_used"),
            (CouponState.EXPIRED, "expired"),
            (CouponState.REVOKED, "reversed"),
        ],
    )
    def test_a_coupon_that_is_not_free(self, state: CouponState, code: str) -> None:
        till = Till()
        shown = till.show().qr
        with transaction():
            db.session.get_one(Coupon, till.coupon_id).state = state

        assert self.refused(till, shown=shown) == code

    def test_a_second_use_on_one_day_when_the_campaign_allows_one(self) -> None:
        till = Till(CouponKind.STORED_VALUE, 10_000, rules={"per_day_limit": 1})
        till.use(till.show().qr, amount=1_000)

        with pytest.raises(CouponRefused) as refused:
            till.use(till.show(at=SOON).qr, amount=1_000, key="tap-00000002", at=SOON)

        assert refused.value.code == "limit_day"

    @pytest.mark.parametrize("amount", [None, 0, -5])
    def test_no_amount(self, amount: int | None) -> None:
        till = Till(CouponKind.STORED_VALUE)

        with pytest.raises(rules.AmountMissing):
            till.use(till.show().qr, amount=amount)
