"""The registry brought up to date from a table: shown first, then written; twice is as once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from sqlalchemy import select

from marketplace.audit import trail
from marketplace.core import outbox
from marketplace.core.calendar import day_in_seoul
from marketplace.core.db import db
from marketplace.enterprises import registry_rows, slugs
from marketplace.enterprises.models import Designation, Enterprise, EnterpriseStatus
from marketplace.enterprises.registry_rows import Certified, Entry, Unread

_NEEDED: Final = {
    "representative_name": "대표자",
    "phone": "전화",
    "road_address": "도로명주소",
    "dong_code": "동",
}
_NAMES: Final = {
    "name": "상호",
    "mail_order_number": "통신판매업신고번호",
    "email": "이메일",
    "zip_code": "우편번호",
    "address_detail": "상세주소",
    "tagline": "한 줄 소개",
    **_NEEDED,
}


class Outcome(StrEnum):
    """What a row does to the registry."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True)
class RowReport:
    """What became, or would become, of one row."""

    number: int
    name: str
    outcome: Outcome
    words: str


@dataclass
class _Plan:
    """One enterprise of the file: what it is now and what its rows make of it."""

    first: Entry
    enterprise: Enterprise | None
    facts: dict[str, str] = field(default_factory=dict)
    certified: list[Certified] = field(default_factory=list)
    re_dated: list[tuple[Designation, Certified]] = field(default_factory=list)
    reports: list[RowReport] = field(default_factory=list)
    seen: dict[tuple[str, str, date], date | None] = field(default_factory=dict)


def preview(content: bytes) -> list[RowReport]:
    """
    Say for every row what it would do, without doing it.

    :raises SheetUnreadable:
    """
    return _reports(*_planned(content))


def apply(content: bytes, *, by: int, at: datetime, ip: str | None) -> list[RowReport]:
    """
    Write every row that can be meant; the others are reported and change nothing.

    :raises SheetUnreadable:
    """
    slugs.lock_names()
    plans, refused = _planned(content)
    for plan in plans:
        if plan.facts or plan.certified or plan.re_dated:
            _write(plan, by=by, at=at, ip=ip)
    reports = _reports(plans, refused)
    trail.record(
        "registry.imported",
        subject_kind="registry",
        subject_id=None,
        actor_id=by,
        details={
            outcome.value: sum(1 for report in reports if report.outcome is outcome)
            for outcome in Outcome
        },
        ip=ip,
    )
    return reports


def _planned(content: bytes) -> tuple[list[_Plan], list[RowReport]]:
    read = registry_rows.read(content)
    entries = [row for row in read if isinstance(row, Entry)]
    refused = [
        RowReport(row.number, row.name, Outcome.REFUSED, row.why)
        for row in read
        if isinstance(row, Unread)
    ]
    known = {
        enterprise.business_number: enterprise
        for enterprise in db.session.scalars(
            select(Enterprise)
            .where(Enterprise.business_number.in_({entry.business_number for entry in entries}))
            .execution_options(populate_existing=True)
        )
    }
    owners = dict(
        db.session.execute(
            select(Enterprise.name, Enterprise.business_number).where(
                Enterprise.name.in_({entry.facts["name"] for entry in entries})
            )
        ).all()
    )
    held = _held_by(enterprise.id for enterprise in known.values())
    plans: dict[str, _Plan] = {}
    for entry in entries:
        plan = plans.get(entry.business_number)
        why = _why_not(entry, plan, known.get(entry.business_number), owners)
        if why:
            refused.append(RowReport(entry.number, entry.facts["name"], Outcome.REFUSED, why))
            continue
        owners[entry.facts["name"]] = entry.business_number
        if plan is None:
            plan = _Plan(entry, known.get(entry.business_number))
            plans[entry.business_number] = plan
        _add_row(plan, entry, held)
    return list(plans.values()), refused


def _why_not(
    entry: Entry, plan: _Plan | None, enterprise: Enterprise | None, owners: Mapping[str, str]
) -> str:
    if plan is not None:
        same = all(plan.first.facts.get(name) == value for name, value in entry.facts.items())
        if not same:
            return f"{plan.first.number}줄과 사업자등록번호는 같고 내용이 다릅니다."
        one = entry.certified
        if one is not None and plan.seen.get(one.key, one.expires_on) != one.expires_on:
            return f"같은 지정({one.number})의 만료일이 파일 안에서 서로 다릅니다."
        return ""
    if owners.get(entry.facts["name"], entry.business_number) != entry.business_number:
        return "다른 사업자등록번호의 가게가 같은 상호를 씁니다."
    missing = [title for name, title in _NEEDED.items() if name not in entry.facts]
    if enterprise is None and missing:
        return f"새로 등록하려면 필요합니다: {', '.join(missing)}"
    return ""


def _add_row(plan: _Plan, entry: Entry, held: Mapping[int, list[Designation]]) -> None:
    words, is_first = [], entry is plan.first
    if is_first:
        plan.facts = {
            name: value
            for name, value in entry.facts.items()
            if plan.enterprise is None or (getattr(plan.enterprise, name) or "") != value
        }
        if plan.enterprise is not None and plan.facts:
            words.append(f"고침: {', '.join(_NAMES[name] for name in sorted(plan.facts))}")
    if entry.certified is not None:
        words += _certify(plan, entry.certified, held)
    if is_first and plan.enterprise is None:
        outcome = Outcome.CREATED
    else:
        outcome = Outcome.UPDATED if words else Outcome.UNCHANGED
    plan.reports.append(RowReport(entry.number, entry.facts["name"], outcome, " · ".join(words)))


def _certify(plan: _Plan, certified: Certified, held: Mapping[int, list[Designation]]) -> list[str]:
    if certified.key in plan.seen:
        return []
    plan.seen[certified.key] = certified.expires_on
    known = held.get(plan.enterprise.id, []) if plan.enterprise is not None else []
    for designation in known:
        if (designation.kind, designation.number, designation.granted_on) == certified.key:
            if designation.expires_on == certified.expires_on:
                return []
            plan.re_dated.append((designation, certified))
            return [f"만료일 고침: {certified.number}"]
    plan.certified.append(certified)
    return [f"지정 더함: {certified.number}"]


def _held_by(enterprise_ids: Iterable[int]) -> dict[int, list[Designation]]:
    held: dict[int, list[Designation]] = {}
    for designation in db.session.scalars(
        select(Designation)
        .where(
            Designation.enterprise_id.in_(list(enterprise_ids)), Designation.revoked_on.is_(None)
        )
        .order_by(Designation.id)
        .execution_options(populate_existing=True)
    ):
        held.setdefault(designation.enterprise_id, []).append(designation)
    return held


def _write(plan: _Plan, *, by: int, at: datetime, ip: str | None) -> None:
    enterprise = plan.enterprise
    if enterprise is None:
        enterprise = Enterprise(
            business_number=plan.first.business_number,
            # Never wrong and never taken: two enterprises share no number.
            slug=f"{slugs.romanise(plan.first.facts['name'])}-{plan.first.business_number}",
            email="",
            zip_code="",
            status=EnterpriseStatus.APPLIED,
            joined_on=day_in_seoul(at),
        )
        db.session.add(enterprise)
    for name, value in plan.facts.items():
        setattr(enterprise, name, value)
    db.session.flush()
    for certified in plan.certified:
        db.session.add(Designation(enterprise_id=enterprise.id, **vars(certified)))
    for designation, certified in plan.re_dated:
        designation.expires_on = certified.expires_on
    db.session.flush()
    trail.record(
        "enterprise.imported",
        subject_kind="enterprise",
        subject_id=enterprise.id,
        actor_id=by,
        details={
            "fields": sorted(plan.facts),
            "designations": [each.number for each in plan.certified]
            + [each.number for each, _ in plan.re_dated],
        },
        ip=ip,
    )
    outbox.enqueue("search.reindex_enterprise", {"enterprise_id": enterprise.id})


def _reports(plans: Iterable[_Plan], refused: Iterable[RowReport]) -> list[RowReport]:
    rows = [report for plan in plans for report in plan.reports]
    return sorted([*rows, *refused], key=lambda report: report.number)
