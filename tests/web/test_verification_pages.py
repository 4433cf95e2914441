"""자격 확인: the member's page, the telephone's number, and the desk."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace

import pytest
from flask import Flask
from sqlalchemy import select

from marketplace.accounts.models import Role
from marketplace.accounts.verification_models import Verification, VerificationRequest
from marketplace.core.db import db
from tests import make
from tests.web.visitor import Visitor

OWN = "/my/verification"
DESK = "/office/verifications"


@pytest.fixture
def demo(app: Flask) -> Iterator[None]:
    """Run as a demo, which has a provider of its own."""
    settings = app.extensions["settings"]
    app.extensions["settings"] = replace(settings, demo=True)
    yield
    app.extensions["settings"] = settings


class TestOwnPage:
    def test_asks_the_desk_and_says_so(self, visitor: Visitor) -> None:
        dong = make.dong()
        visitor.enter(make.person())

        sent = visitor.post(f"{OWN}/requests/residence", {"residence": dong.code})

        assert sent.status_code == 303
        assert "확인 중" in visitor.get(OWN).get_data(as_text=True)

    def test_keeps_what_was_typed_when_it_is_refused(self, visitor: Visitor) -> None:
        visitor.enter(make.person())

        sent = visitor.post(f"{OWN}/requests/workplace", {"workplace": "가" * 61})

        assert sent.status_code == 422
        assert "가" * 61 in sent.get_data(as_text=True)

    @pytest.mark.usefixtures("demo")
    def test_proves_who_the_member_is(self, visitor: Visitor) -> None:
        person = make.person(name="김나루")
        visitor.enter(person)
        claimed = {"name": "김나루", "birth_on": "1990-05-01", "phone": "010-1234-5678"}

        assert visitor.post(f"{OWN}/identity", claimed).status_code == 303
        shown = re.search(r'class="code">(\d{6})<', visitor.get(OWN).get_data(as_text=True))
        assert shown is not None
        wrong = visitor.post(f"{OWN}/identity/answer", {"answer": "abc"})
        assert wrong.status_code == 422
        assert "인증번호가 다릅니다" in wrong.get_data(as_text=True)
        right = visitor.post(f"{OWN}/identity/answer", {"answer": shown[1]})

        assert right.status_code == 303
        assert "본인 확인을 마쳤습니다" in visitor.get(OWN).get_data(as_text=True)
        assert db.session.scalars(select(Verification.person_id)).all() == [person.id]

    @pytest.mark.usefixtures("demo")
    def test_shows_another_name_as_a_conflict_beside_the_form(self, visitor: Visitor) -> None:
        visitor.enter(make.person(name="김나루"))
        claimed = {"name": "박나루", "birth_on": "1990-05-01", "phone": "010-1234-5678"}

        sent = visitor.post(f"{OWN}/identity", claimed)

        assert sent.status_code == 409
        assert "박나루" in sent.get_data(as_text=True)

    def test_leads_to_the_desk_where_there_is_no_provider(self, visitor: Visitor) -> None:
        visitor.enter(make.person(name="김나루"))
        claimed = {"name": "김나루", "birth_on": "1990-05-01", "phone": "010-1234-5678"}

        assert "준비 중입니다" in visitor.get(OWN).get_data(as_text=True)
        assert visitor.post(f"{OWN}/identity", claimed).status_code == 503


class TestDesk:
    def _ask(self, visitor: Visitor) -> int:
        make.dong()
        visitor.enter(make.person(name="홍길동"))
        visitor.post(f"{OWN}/requests/residence", {"residence": "1121582000"})
        return db.session.scalars(select(VerificationRequest.id)).one()

    def test_confirms_a_request(self, visitor: Visitor) -> None:
        request_id = self._ask(visitor)
        visitor.enter(make.person(roles=(Role.DONG_CLERK,)), second_factor=True)
        page = visitor.get(DESK).get_data(as_text=True)
        assert "홍*동" in page
        assert "홍길동" not in page

        sent = visitor.post(f"{DESK}/{request_id}", {"decision": "grant"})

        assert sent.status_code == 303
        assert "기다리는 요청이 없습니다" in visitor.get(DESK).get_data(as_text=True)

    def test_wants_a_reason_for_a_no(self, visitor: Visitor) -> None:
        request_id = self._ask(visitor)
        visitor.enter(make.person(roles=(Role.OPERATOR,)), second_factor=True)

        sent = visitor.post(f"{DESK}/{request_id}", {"decision": "refuse", "reason": ""})

        assert sent.status_code == 422
        assert "까닭을 적어 주세요" in sent.get_data(as_text=True)

    def test_records_what_it_saw_itself(self, visitor: Visitor) -> None:
        dong, person = make.dong(), make.person()
        visitor.enter(make.person(roles=(Role.DONG_CLERK,)), second_factor=True)
        fact = {"email": person.email, "kind": "residence", "value": dong.name}

        sent = visitor.post(DESK, fact)

        assert sent.status_code == 303
        assert db.session.scalars(select(Verification.value)).one() == dong.code

    def test_keeps_what_was_typed_for_an_unknown_member(self, visitor: Visitor) -> None:
        visitor.enter(make.person(roles=(Role.OPERATOR,)), second_factor=True)
        fact = {"email": "nobody@example.com", "kind": "workplace", "value": "나루상회"}

        sent = visitor.post(DESK, fact)

        assert sent.status_code == 404
        page = sent.get_data(as_text=True)
        assert "nobody@example.com" in page
        assert "나루상회" in page

    def test_records_a_list_and_says_which_rows_were_wrong(self, visitor: Visitor) -> None:
        dong, person = make.dong(), make.person()
        visitor.enter(make.person(roles=(Role.OPERATOR,)), second_factor=True)
        rows = f"이메일,거주 동\n{person.email},{dong.name}\nnobody@example.com,{dong.name}\n"

        sent = visitor.post(
            f"{DESK}/list",
            {"kind": "residence", "file": (io.BytesIO(rows.encode("cp949")), "명단.csv")},
        )

        page = sent.get_data(as_text=True)
        assert sent.status_code == 200
        assert "2명 가운데 1명" in page
        assert "no****@example.com" in page
        assert db.session.scalars(select(Verification.person_id)).all() == [person.id]

    def test_says_what_is_missing_in_a_list(self, visitor: Visitor) -> None:
        visitor.enter(make.person(roles=(Role.OPERATOR,)), second_factor=True)

        sent = visitor.post(
            f"{DESK}/list", {"kind": "residence", "file": (io.BytesIO(b"a,b\n1,2\n"), "a.csv")}
        )

        assert sent.status_code == 422
        assert "이메일과 내용" in sent.get_data(as_text=True)

    def test_lets_an_auditor_look_and_change_nothing(self, visitor: Visitor) -> None:
        request_id = self._ask(visitor)
        visitor.enter(make.person(roles=(Role.AUDITOR,)), second_factor=True)

        assert "확인 남기기" not in visitor.get(DESK).get_data(as_text=True)
        assert visitor.post(f"{DESK}/{request_id}", {"decision": "grant"}).status_code == 403
