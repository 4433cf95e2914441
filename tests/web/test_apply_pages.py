"""입점 신청 on the web: drafts, uploads, handing in, and what the office does with it."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from dataclasses import asdict

import pytest
from sqlalchemy import select

from marketplace.accounts.models import Person, Role
from marketplace.audit.models import AccessLog
from marketplace.core.db import db
from marketplace.enterprises.application_models import (
    Application,
    ApplicationStatus,
    Document,
    RequirementKind,
)
from marketplace.enterprises.models import Enterprise, EnterpriseStatus
from tests import make
from tests.web.visitor import Visitor

OFFICE = "/office/applications"


def _typed(**other: object) -> dict[str, object]:
    facts = asdict(make.stated())
    rows = facts.pop("designations")
    for place, row in enumerate(rows):
        facts |= {f"d{place}-{name}": value or "" for name, value in row.items()}
    return {**facts, "then": "next", **other}


def _file(content: bytes, name: str) -> dict[str, object]:
    return {"file": (io.BytesIO(content), name)}


def _staff(visitor: Visitor, *roles: Role) -> Person:
    person = make.person(roles=roles)
    visitor.enter(person, second_factor=True)
    return person


class TestDraft:
    def test_is_kept_complete_or_not_and_handed_in(self, visitor: Visitor) -> None:
        terms = make.requirement("입점약관", RequirementKind.TERMS)
        visitor.enter(make.person())

        started = visitor.post("/apply/new", _typed(phone="모름"))

        assert started.status_code == 303
        checklist = started.location
        own = checklist.removesuffix("/checklist")
        assert "모름" in visitor.get(own).get_data(as_text=True)
        unready = visitor.post(f"{own}/submit")
        assert unready.status_code == 422
        page = unready.get_data(as_text=True)
        assert "전화번호를" in page
        assert "지정서 파일을 올려" in page
        assert "입점약관: 전문을" in page
        assert not re.search(r'name="agreed"[^>]*checked', page)

        visitor.post(own, _typed(business_number=make.valid_business_number()))
        number = {"number": "제2026-001호"}
        attached = visitor.post(
            f"{own}/designations/0/document", {**number, **_file(make.PDF, "지정서.pdf")}
        )
        assert attached.status_code == 303
        visitor.post(f"{own}/requirements/{terms.id}", {"agreed": "yes"})
        assert visitor.post(f"{own}/submit").status_code == 303
        assert db.session.scalars(select(Application.status)).all() == [ApplicationStatus.SUBMITTED]
        assert visitor.post(own, _typed()).status_code == 409

    @pytest.mark.parametrize(
        ("wrong", "words"),
        [
            ({"business_number": "123-45-67890"}, "검증 숫자가 맞지 않습니다"),
            ({"name": ""}, "이 항목을 채워 주세요"),
            ({"dong_code": "9999999999"}, "동"),
            ({"account_number": "계좌"}, "계좌번호를 숫자"),
            ({"tagline": "가" * 81}, "80자까지"),
            ({"d0-number": "a\x01b"}, "쓸 수 없는 글자"),
        ],
    )
    def test_loses_nothing_of_what_cannot_be_kept(
        self, visitor: Visitor, wrong: dict[str, object], words: str
    ) -> None:
        visitor.enter(make.person())

        refused = visitor.post("/apply/new", _typed(story="긴 이야기를 적었습니다", **wrong))

        page = refused.get_data(as_text=True)
        assert refused.status_code == 422
        assert words in page
        assert "긴 이야기를 적었습니다" in page
        assert 'value="고용노동부"' in page
        assert db.session.scalars(select(Application.id)).all() == []

    def test_of_others_is_not_there(self, visitor: Visitor) -> None:
        paper = make.requirement()
        other = make.application(submitted=False)
        document_id = other.designations[0]["document_id"]
        visitor.enter(make.person())

        base = f"/apply/{other.id}"
        for path in (base, f"{base}/checklist", f"{base}/documents/{document_id}"):
            assert visitor.get(path).status_code == 404
        posts = {
            base: _typed(),
            f"{base}/submit": {},
            f"{base}/requirements/{paper.id}": _file(make.PDF, "a.pdf"),
            f"{base}/designations/0/document": {"number": "x", **_file(make.PDF, "a.pdf")},
        }
        for path, form in posts.items():
            assert visitor.post(path, form).status_code == 404


class TestUpload:
    @pytest.mark.parametrize(
        ("content", "name"),
        [
            (b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>", "서류.svg"),
            (b"<html><script>alert(1)</script></html>", "서류.html.jpg"),
            (b"\x89PNG\r\n\x1a\n" + b"\0" * 64, "서류.png"),
            (b"", "서류.pdf"),
        ],
    )
    def test_refuses_what_is_no_document(self, visitor: Visitor, content: bytes, name: str) -> None:
        paper, person = make.requirement(), make.person()
        own = f"/apply/{make.application(person, submitted=False).id}"
        visitor.enter(person)
        before = len(db.session.scalars(select(Document.id)).all())

        refused = visitor.post(f"{own}/requirements/{paper.id}", _file(content, name))

        assert refused.status_code == 422
        assert "파일을 올릴 수 없습니다" in refused.get_data(as_text=True)
        assert len(db.session.scalars(select(Document.id)).all()) == before

    def test_refuses_thirty_megabytes_unread(self, visitor: Visitor) -> None:
        paper, person = make.requirement(), make.person()
        own = f"/apply/{make.application(person, submitted=False).id}"
        visitor.enter(person)

        huge = visitor.request(
            "POST",
            f"{own}/requirements/{paper.id}",
            data=b"--x\r\n" + b"0" * 30_000_000,
            content_type="multipart/form-data; boundary=x",
        )

        assert huge.status_code == 413

    def test_hands_a_polyglot_out_as_nothing_but_a_download(self, visitor: Visitor) -> None:
        paper, person = make.requirement(), make.person()
        own = f"/apply/{make.application(person, submitted=False).id}"
        visitor.enter(person)
        polyglot = b"%PDF-1.4\n<html><script>alert(1)</script></html>\n%%EOF"

        sent = visitor.post(
            f"{own}/requirements/{paper.id}", _file(polyglot, "../../통장\u202e;\u0085.pdf")
        )

        assert sent.status_code == 303
        newest = db.session.scalars(select(Document).order_by(Document.id.desc())).first()
        assert newest is not None
        opened = visitor.get(f"{own}/documents/{newest.id}")
        disposition = opened.headers["Content-Disposition"]
        assert opened.mimetype == "application/pdf"
        assert disposition.startswith("attachment; filename=")
        assert "filename*=UTF-8''%ED%86%B5%EC%9E%A5_.pdf" in disposition
        assert ".." not in disposition
        assert opened.headers["X-Content-Type-Options"] == "nosniff"
        assert opened.headers["Cache-Control"] == "private, no-store"


class TestOffice:
    def test_sends_back_waives_and_approves(
        self, visitor: Visitor, another: Callable[[], Visitor]
    ) -> None:
        paper = make.requirement()
        made = make.application()
        own = f"{OFFICE}/{made.id}"
        _staff(visitor, Role.OPERATOR)
        assert made.name in visitor.get(OFFICE).get_data(as_text=True)
        assert "검증 숫자가 맞습니다" in visitor.get(own).get_data(as_text=True)
        unsaid = visitor.post(f"{own}/points/{paper.id}", {"state": "returned", "note": " "})
        assert unsaid.status_code == 422
        assert visitor.post(f"{own}/approve").status_code == 403

        judged = visitor.post(f"{own}/points/{paper.id}", {"state": "accepted"})
        assert judged.status_code == 303
        leader = another()
        _staff(leader, Role.APPROVER)
        assert leader.post(f"{own}/approve").status_code == 303
        late = leader.post(f"{own}/decline", {"answer": "늦은 반려"})
        assert late.status_code == 409
        assert "다른 담당자가 이미" in late.get_data(as_text=True)
        assert db.session.scalars(select(Enterprise.status)).all() == [EnterpriseStatus.ACTIVE]

        owner = another()
        person = db.session.get_one(Person, made.person_id)
        assert owner.enter(person).get("/seller").status_code == 303
        assert owner.enter(person, second_factor=True).get("/seller").status_code == 200

    def test_cannot_decide_on_its_own(self, visitor: Visitor) -> None:
        approver = _staff(visitor, Role.APPROVER)
        made = make.application(approver)

        refused = visitor.post(f"{OFFICE}/{made.id}/approve")

        assert refused.status_code == 403
        assert "자기가 낸 신청서" in refused.get_data(as_text=True)

    def test_keeps_the_answer_that_was_refused(self, visitor: Visitor) -> None:
        made = make.application()
        _staff(visitor, Role.OPERATOR)
        answer = "고쳐 주세요 " * 200

        refused = visitor.post(f"{OFFICE}/{made.id}/revision", {"answer": answer})

        assert refused.status_code == 422
        assert answer.strip()[:100] in refused.get_data(as_text=True)

    def test_opens_documents_for_a_reason_that_stays(self, visitor: Visitor) -> None:
        made = make.application()
        document_id = made.designations[0]["document_id"]
        staff = _staff(visitor, Role.AUDITOR)
        path = f"{OFFICE}/{made.id}/documents"

        assert visitor.post(f"{path}/{document_id}", {"reason": " "}).status_code == 422
        opened = visitor.post(f"{path}/{document_id}", {"reason": "지정서 확인"})
        assert opened.data == make.PDF
        foreign = make.document(make.person())
        assert visitor.post(f"{path}/{foreign}", {"reason": "까닭"}).status_code == 404
        (look,) = db.session.scalars(select(AccessLog))
        assert (look.actor_id, look.person_id) == (staff.id, made.person_id)

    def test_sees_no_drafts(self, visitor: Visitor) -> None:
        made = make.application(submitted=False)
        _staff(visitor, Role.OPERATOR)

        assert visitor.get(f"{OFFICE}/{made.id}").status_code == 404
        assert made.name not in visitor.get(OFFICE).get_data(as_text=True)

    def test_writes_its_checklist(self, visitor: Visitor) -> None:
        _staff(visitor, Role.OPERATOR)
        form = {"kind": "terms", "title": "입점약관", "position": "1", "is_mandatory": "y"}

        refused = visitor.post("/office/requirements/new", {**form, "effective_on": "2020-01-01"})
        assert refused.status_code == 422
        assert 'value="입점약관"' in refused.get_data(as_text=True)
        added = visitor.post(
            "/office/requirements/new", {**form, "body": "전문", "effective_on": "2099-01-01"}
        )
        assert added.status_code == 303
        page = visitor.get("/office/requirements").get_data(as_text=True)
        edit = re.search(r"/office/requirements/(\d+)\"", page)
        assert edit is not None
        path = f"/office/requirements/{edit[1]}"
        assert "전문" in visitor.get(path).get_data(as_text=True)
        changed = {**form, "title": "약관", "body": "새 전문", "effective_on": "2099-02-01"}
        assert visitor.post(path, changed).status_code == 303
        assert visitor.post(f"{path}/retire").status_code == 303
        assert visitor.post(f"{path}/retire").status_code == 409
        assert visitor.get("/office/requirements/999999").status_code == 404
