"""What the rules of a campaign may not say, and which field is told so."""

from __future__ import annotations

from dataclasses import replace

import pytest

from marketplace.core.money import Won
from marketplace.coupons import drafts
from marketplace.coupons.campaigns import Plan, RulesIncomplete
from marketplace.coupons.models import AutomaticTrigger, CouponChannel, CouponKind, IssueMode
from tests import make
from tests.make.common import FAR_AHEAD, LONG_AGO, NOW, writing

pytestmark = pytest.mark.usefixtures("isolated")


def planned(**changes: object) -> Plan:
    """Return a plan of a hundred coupons everybody claims."""
    plan = Plan(name="마중물", cap=100, starts_at=LONG_AGO, ends_at=FAR_AHEAD)
    return replace(plan, **changes)  # type: ignore[arg-type]


class TestRules:
    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"amount": None}, "amount"),
            ({"amount": Won(0)}, "amount"),
            ({"rate_bps": 100}, "rate"),
            ({"max_discount": Won(100)}, "max_discount"),
            ({"round_unit": 10}, "round_unit"),
            ({"kind": CouponKind.PERCENT, "amount": None, "rate_bps": 100}, "max_discount"),
            ({"kind": CouponKind.PERCENT, "max_discount": Won(9), "rate_bps": 100}, "amount"),
            ({"kind": CouponKind.STORED_VALUE, "exclusive": True}, "exclusive"),
            ({"kind": CouponKind.STORED_VALUE, "stack_group": "가"}, "stack_group"),
            (
                {"kind": CouponKind.FREE_SHIPPING, "channel": CouponChannel.COUNTER},
                "channel",
            ),
            ({"exclusive": True, "stack_group": "가"}, "stack_group"),
            ({"min_order": Won(-1)}, "min_order"),
            ({"per_person_limit": 0}, "per_person_limit"),
            ({"per_day_limit": 0}, "per_day_limit"),
            ({"per_day_limit": 3, "per_month_limit": 2}, "per_day_limit"),
            ({"valid_days": 30}, "validity"),
            ({"valid_until": None}, "validity"),
            ({"valid_until": None, "valid_days": 731}, "valid_days"),
            ({"valid_until": LONG_AGO}, "valid_until"),
            ({"hours": {"weekdays": [7]}}, "weekdays"),
            ({"hours": {"from": "9시"}}, "hours_from"),
            ({"hours": {"from": "10:00", "until": "10:00"}}, "hours_until"),
            ({"eligibility": {"age": [40, 30]}}, "age_from"),
            ({"eligibility": {"age": [40, None]}}, "age_from"),
            ({"eligibility": {"verified": ["height"]}}, "verified"),
            (
                {"eligibility": {"first_order": True}, "channel": CouponChannel.COUNTER},
                "first_order",
            ),
            ({"scope": {"colours": [1]}}, "scope"),
            ({"scope": {"products": [10**12]}}, "products"),
            ({"eligibility": {"dong": ["0000000000"]}}, "dong"),
            ({"grants": []}, "grants"),
            ({"priority": 101}, "priority"),
        ],
    )
    def test_are_refused_where_they_contradict(
        self, changes: dict[str, object], field: str
    ) -> None:
        rules = replace(make.rules(grants=[(make.grant(), 10_000)]), **changes)  # type: ignore[arg-type]

        with pytest.raises(RulesIncomplete) as refused, writing():
            drafts.create(plan=planned(), rules=rules, by=make.person().id, at=NOW)

        assert set(refused.value.fields) == {field}

    @pytest.mark.parametrize(
        ("changes", "field"),
        [
            ({"cap": 0}, "cap"),
            ({"cap": 50_001}, "cap"),
            ({"ends_at": LONG_AGO}, "ends_at"),
            ({"slug": "가을"}, "slug"),
            ({"issue_mode": IssueMode.SHARED_CODE}, "shared_code"),
            ({"shared_code": "NARU"}, "shared_code"),
            ({"issue_mode": IssueMode.AUTOMATIC}, "trigger"),
            ({"trigger": AutomaticTrigger.BIRTHDAY}, "trigger"),
            (
                {"issue_mode": IssueMode.UNIQUE_CODES, "has_waiting_list": True},
                "has_waiting_list",
            ),
        ],
    )
    def test_go_with_how_coupons_are_handed_out(
        self, changes: dict[str, object], field: str
    ) -> None:
        rules = make.rules(grants=[(make.grant(), 10_000)])

        with pytest.raises(RulesIncomplete) as refused, writing():
            drafts.create(plan=planned(**changes), rules=rules, by=make.person().id, at=NOW)

        assert set(refused.value.fields) == {field}

    def test_need_whole_shares_and_an_address_of_their_own(self) -> None:
        grant, by = make.grant(), make.person().id
        with writing():
            drafts.create(
                plan=planned(slug="autumn"),
                rules=make.rules(grants=[(grant, 10_000)]),
                by=by,
                at=NOW,
            )

        with pytest.raises(RulesIncomplete, match=r"지금은 99\.99%"), writing():
            drafts.create(plan=planned(), rules=make.rules(grants=[(grant, 9_999)]), by=by, at=NOW)
        with pytest.raises(RulesIncomplete, match="다른 캠페인이 쓰는 주소"), writing():
            drafts.create(
                plan=planned(slug="autumn"),
                rules=make.rules(grants=[(grant, 10_000)]),
                by=by,
                at=NOW,
            )
