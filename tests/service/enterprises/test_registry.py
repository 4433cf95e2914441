"""The registry: its list, what the office decides, designations and their ends, files."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import date, timedelta

import pytest
from sqlalchemy import event, func, select

from marketplace.accounts.models import Role
from marketplace.catalog import buyables
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.enterprises import (
    designation_desk,
    designations,
    members,
    registry,
    registry_import,
    registry_rows,
    standing,
)
from marketplace.enterprises.designation_desk import Certificate
from marketplace.enterprises.models import (
    Designation,
    DesignationKind,
    Enterprise,
    EnterpriseStatus,
)
from marketplace.enterprises.registry import Wanted
from marketplace.enterprises.registry_import import Outcome
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("isolated")

TODAY = day_in_seoul(NOW)


def _change(enterprise: Enterprise, to: EnterpriseStatus, *, by: int, reason: str = "까닭") -> None:
    with transaction():
        standing.change(enterprise_id=enterprise.id, to=to, reason=reason, by=by, at=NOW, ip=None)


def _table(*rows: Sequence[object], header: tuple[str, ...] = registry_rows.HEADER) -> bytes:
    written = io.StringIO()
    csv.writer(written).writerows([header, *rows])
    return written.getvalue().encode("utf-8-sig")


def _apply(content: bytes) -> list[Outcome]:
    with transaction():
        reports = registry_import.apply(content, by=make.person().id, at=NOW, ip=None)
    return [report.outcome for report in reports]


class TestList:
    def test_is_narrowed_and_walked_by_name(self) -> None:
        soon = make.enterprise("가게 가", kinds=())
        make.designation(soon, DesignationKind.VILLAGE, expires_on=TODAY + timedelta(days=60))
        make.enterprise("가게 나", kinds=(DesignationKind.SOCIAL,))
        make.enterprise("가게 다", status=EnterpriseStatus.SUSPENDED)

        def names(**wanted: object) -> list[str]:
            return [row.name for row in registry.list_page(Wanted(**wanted), on=TODAY)]  # type: ignore[arg-type]

        assert names() == ["가게 가", "가게 나", "가게 다"]
        assert names(is_expiring=True) == ["가게 가"]
        assert names(kind=DesignationKind.VILLAGE) == ["가게 가"]
        assert names(status=EnterpriseStatus.SUSPENDED) == ["가게 다"]
        assert names(words="게 나") == ["가게 나"]
        assert names(words="100%") == []
        assert names(words=soon.business_number) == ["가게 가"]
        behind = registry.list_page(Wanted(), on=TODAY, after=soon.id)
        assert [row.name for row in behind] == ["가게 나", "가게 다"]

    def test_asks_a_constant_number_of_queries(self) -> None:
        asked: list[str] = []
        event.listen(
            db.engine,
            "before_cursor_execute",
            lambda *given: asked.append(given[2]) if given[2].startswith("SELECT") else None,
        )
        counts = []
        for size in (2, 8):
            for _ in range(size):
                make.enterprise(kinds=(DesignationKind.SOCIAL, DesignationKind.VILLAGE))
            asked.clear()
            registry.list_page(Wanted(), on=TODAY)
            counts.append(len(asked))

        assert counts == [2, 2]


class TestStanding:
    def test_ends_selling_from_that_instant(self) -> None:
        enterprise, operator = make.enterprise(), make.person()
        sold, owner = make.sellable(enterprise), make.person()
        make.member(enterprise, owner)
        assert [one.on_sale for one in buyables.list_buyable([sold.id], on=TODAY)] == [True]

        _change(enterprise, EnterpriseStatus.SUSPENDED, by=operator.id, reason="서류 위조 확인 중")

        assert [one.on_sale for one in buyables.list_buyable([sold.id], on=TODAY)] == [False]
        assert enterprise.suspension_reason == "서류 위조 확인 중"
        kinds = {job.kind for job in db.session.scalars(select(Job))}
        assert {"search.reindex_enterprise", "notifications.deliver"} <= kinds

        _change(enterprise, EnterpriseStatus.ACTIVE, by=operator.id)
        assert enterprise.suspended_at is None
        assert [one.on_sale for one in buyables.list_buyable([sold.id], on=TODAY)] == [True]

    def test_refuses_what_cannot_be(self) -> None:
        listed, closed = (
            make.enterprise(status=EnterpriseStatus.APPLIED),
            make.enterprise(status=EnterpriseStatus.CLOSED),
        )
        operator = make.person()

        with pytest.raises(standing.OpensByApplication):
            _change(listed, EnterpriseStatus.ACTIVE, by=operator.id)
        with pytest.raises(standing.NoSuchMove):
            _change(closed, EnterpriseStatus.ACTIVE, by=operator.id)
        with pytest.raises(standing.ReasonMissing):
            _change(make.enterprise(), EnterpriseStatus.SUSPENDED, by=operator.id, reason=" ")

    def test_is_not_for_those_who_work_there(self) -> None:
        enterprise, person = make.enterprise(), make.person()
        make.member(enterprise, person)

        with pytest.raises(standing.OwnShop):
            _change(enterprise, EnterpriseStatus.SUSPENDED, by=person.id)


class TestDesignations:
    def test_lapse_on_their_day(self) -> None:
        enterprise = make.enterprise(kinds=())
        make.designation(enterprise, expires_on=TODAY)
        later = make.designation(enterprise, DesignationKind.VILLAGE)
        with transaction():
            designation_desk.revoke(
                enterprise_id=enterprise.id,
                designation_id=later.id,
                reason="자격 상실",
                evidence=None,
                by=make.person().id,
                at=NOW,
                ip=None,
            )

        yesterday = TODAY - timedelta(days=1)
        assert designations.kinds_by_enterprise([enterprise.id], on=TODAY) == {}
        assert designations.kinds_by_enterprise([enterprise.id], on=yesterday) == {
            enterprise.id: [DesignationKind.SOCIAL, DesignationKind.VILLAGE]
        }

    def test_are_revoked_only_where_they_belong(self) -> None:
        foreign = make.designation(make.enterprise())

        with pytest.raises(designation_desk.DesignationMissing), transaction():
            designation_desk.revoke(
                enterprise_id=make.enterprise().id,
                designation_id=foreign.id,
                reason="까닭",
                evidence=None,
                by=make.person().id,
                at=NOW,
                ip=None,
            )

    @pytest.mark.parametrize(
        ("left", "told"),
        [
            (61, []),
            (60, ["designation_expiring:{}:60"]),
            (31, ["designation_expiring:{}:60"]),
            (30, ["designation_expiring:{}:30"]),
            (7, ["designation_expiring:{}:7"]),
            (1, ["designation_expiring:{}:7"]),
            (0, ["designation_lapsed:{}"]),
            (-7, ["designation_lapsed:{}"]),
            (-8, []),
        ],
    )
    def test_end_with_word_once_per_step(self, left: int, told: list[str]) -> None:
        enterprise, owner, operator = (
            make.enterprise(kinds=()),
            make.person(),
            make.person(roles=[Role.OPERATOR]),
        )
        make.member(enterprise, owner)
        one = make.designation(enterprise, expires_on=TODAY + timedelta(days=left))

        for _ in range(2):
            with transaction():
                designation_desk.remind(at=NOW)

        keys = db.session.scalars(
            select(Job.dedupe_key).where(Job.kind == "notifications.deliver")
        ).all()
        steps = [step.format(one.id) for step in told]
        assert sorted(keys) == sorted(
            [f"{step}:{owner.id}" for step in steps]
            + [f"{step}:office:{operator.id}" for step in steps]
        )

    def test_renewed_need_no_word(self) -> None:
        enterprise, owner = make.enterprise(kinds=()), make.person()
        make.member(enterprise, owner)
        make.designation(enterprise, expires_on=TODAY + timedelta(days=20))
        with transaction():
            designation_desk.add(
                enterprise_id=enterprise.id,
                certificate=Certificate(
                    kind=DesignationKind.SOCIAL,
                    number="제2026-9호",
                    authority="고용노동부",
                    granted_on=TODAY,
                    expires_on=TODAY + timedelta(days=1_000),
                ),
                evidence=None,
                by=owner.id,
                ip=None,
            )
            db.session.execute(Job.__table__.delete())  # type: ignore[attr-defined]
            assert designation_desk.remind(at=NOW) == 0


class TestFiles:
    def test_come_back_unchanged(self) -> None:
        for number in range(3):
            made = make.enterprise(f"가게 {number}", kinds=(DesignationKind.SOCIAL,))
            make.designation(made, DesignationKind.VILLAGE, expires_on=date(2030, 1, 1))
            with transaction():
                made.business_number = make.valid_business_number()

        outcomes = _apply(_table(*registry_rows.export()))

        assert outcomes == [Outcome.UNCHANGED] * 6

    def test_of_the_public_portal_create_and_update(self) -> None:
        make.dong("1121582000", "자양1동")
        number = make.valid_business_number()
        header = (
            *("사업자등록번호", "co_name", "co_ceo", "co_tel", "new_address", "동", "co_num"),
            "co_date",
        )
        row = (number, "새 기업", "김대표", "02-1234-5678", "능동로 1", "자양1동", "제2020-1호")
        content = _table((*row, "2020-03-01"), header=header)
        assert registry_import.preview(content)[0].outcome is Outcome.CREATED
        assert db.session.scalar(select(func.count()).select_from(Enterprise)) == 0

        assert _apply(content) == [Outcome.CREATED]
        assert _apply(content) == [Outcome.UNCHANGED]
        changed = _table((*row[:2], "박대표", *row[3:], "2020-03-01"), header=header)
        assert _apply(changed) == [Outcome.UPDATED]
        assert _apply(changed) == [Outcome.UNCHANGED]

        enterprise = db.session.scalars(select(Enterprise)).one()
        assert enterprise.status is EnterpriseStatus.APPLIED
        assert enterprise.representative_name == "박대표"
        assert db.session.scalars(select(Designation.number)).all() == ["제2020-1호"]

    def test_report_every_wrong_row_and_write_the_others(self) -> None:
        make.dong("1121582000", "자양1동")
        header = ("사업자등록번호", "상호", "대표자", "전화", "주소", "동")
        good, other = make.valid_business_number(), make.valid_business_number()
        rest = ("김대표", "02-1234-5678", "능동로 1", "자양1동")
        content = _table(
            (good, "가게 1", *rest),
            ("123-45-67890", "가게 2", *rest),
            (good, "다른 이름", *rest),
            (other, "가게 1", *rest),
            (other, "가게 3", *rest[:3], "종로1가동"),
            (make.valid_business_number(), "가게 4", "", "", "", ""),
            header=header,
        )

        assert _apply(content) == [Outcome.CREATED, *[Outcome.REFUSED] * 5]
        assert db.session.scalars(select(Enterprise.name)).all() == ["가게 1"]

    def test_hold_ninety_two_enterprises(self) -> None:
        make.dong("1121582000", "자양1동")
        header = ("사업자등록번호", "상호", "대표자", "전화", "주소", "동")
        rows = [
            (make.valid_business_number(), f"기업 {n}", "대표", "02-1234-5678", "길 1", "자양1동")
            for n in range(92)
        ]
        content = _table(*rows, header=header)

        assert _apply(content) == [Outcome.CREATED] * 92
        assert _apply(content) == [Outcome.UNCHANGED] * 92


def test_members_of_the_page_are_the_enterprises_own() -> None:
    enterprise, person = make.enterprise(), make.person()
    make.member(enterprise, person)
    make.member(make.enterprise(), make.person())

    page = registry.get_page(enterprise.id, on=TODAY)

    assert [one.person_id for one in page.members] == [person.id]
    assert [one.person_id for one in members.list_colleagues(enterprise.id)] == [person.id]
