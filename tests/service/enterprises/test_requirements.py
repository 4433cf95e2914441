"""The checklist is replaced from a day on and never rewritten once somebody has seen it."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db, transaction
from marketplace.enterprises import checklist, requirements
from marketplace.enterprises.application_models import RequirementKind
from marketplace.enterprises.designations import DesignationKind
from marketplace.enterprises.requirements import Written
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("isolated")

TODAY = day_in_seoul(NOW)


def _written(*, effective_on: date = TODAY, title: str = "입점약관", body: str = "전문") -> Written:
    return Written(
        kind=RequirementKind.TERMS,
        title=title,
        body=body,
        is_mandatory=True,
        designation_kinds=(),
        position=1,
        effective_on=effective_on,
    )


def test_terms_in_force_are_replaced_by_new_ones() -> None:
    old = make.requirement("입점약관", RequirementKind.TERMS)
    by, start = make.person().id, TODAY + timedelta(days=10)

    with pytest.raises(requirements.AlreadyInForce), transaction():
        requirements.change(old.id, _written(), by=by, at=NOW)
    with transaction():
        new = requirements.replace(
            old.id, _written(effective_on=start, body="새 전문"), by=by, at=NOW
        )

    assert (old.body, old.retired_on) == ("전문", start)
    application = make.application(submitted=False)
    for day, wanted in ((start - timedelta(days=1), old.id), (start, new)):
        assert [point.id for point in checklist.list_points(application, on=day)] == [wanted]
    with pytest.raises(requirements.AlreadyRetired), transaction():
        requirements.replace(old.id, _written(effective_on=start), by=by, at=NOW)


def test_coming_points_may_still_change() -> None:
    by = make.person().id
    with transaction():
        coming = requirements.add(_written(effective_on=TODAY + timedelta(days=3)), by=by, at=NOW)
        requirements.change(
            coming, _written(effective_on=TODAY + timedelta(days=4), title="약관"), by=by, at=NOW
        )

    assert requirements.get(coming).title == "약관"


@pytest.mark.parametrize(
    ("written", "refusal"),
    [
        (_written(title=" "), requirements.TitleMissing),
        (_written(body=" "), requirements.TextMissing),
        (_written(effective_on=TODAY - timedelta(days=1)), requirements.DayPast),
    ],
)
def test_refuses_what_cannot_be_asked(written: Written, refusal: type[Exception]) -> None:
    with pytest.raises(refusal), transaction():
        requirements.add(written, by=make.person().id, at=NOW)


def test_retires_from_today_or_the_day_after_it_began() -> None:
    by, old = make.person().id, make.requirement()
    with transaction():
        fresh = requirements.add(_written(), by=by, at=NOW)
        requirements.retire(old.id, by=by, at=NOW)
        requirements.retire(fresh, by=by, at=NOW)

    assert old.retired_on == TODAY
    assert requirements.get(fresh).retired_on == TODAY + timedelta(days=1)


def test_asks_only_those_whom_it_concerns() -> None:
    make.requirement("마을기업 지정서", designation_kinds=(DesignationKind.VILLAGE.value,))
    everybody = make.requirement("통장사본")
    social = make.requirement("인증서", designation_kinds=("social", "pre_social"))
    application = make.application(submitted=False)

    asked = [point.id for point in checklist.list_points(application, on=TODAY)]

    assert asked == [everybody.id, social.id]
    db.session.expire_all()
