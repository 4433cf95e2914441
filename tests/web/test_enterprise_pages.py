"""An enterprise's own pages, and the registry in the office."""

from __future__ import annotations

import io
import re
from collections.abc import Callable

from PIL import Image
from sqlalchemy import select

from marketplace.accounts.models import Role
from marketplace.core.db import db
from marketplace.enterprises.application_models import Document
from marketplace.enterprises.models import Designation, Enterprise, MemberRole
from tests import make
from tests.web.visitor import Visitor


def _staff(visitor: Visitor, role: Role) -> None:
    visitor.enter(make.person(roles=[role]), second_factor=True)


def _file(content: bytes, name: str) -> dict[str, object]:
    return {"file": (io.BytesIO(content), name)}


def _photo() -> bytes:
    written = io.BytesIO()
    Image.new("RGB", (64, 48), "teal").save(written, "PNG")
    return written.getvalue()


class TestProfile:
    def test_is_written_by_the_owner(self, visitor: Visitor) -> None:
        enterprise, owner = make.enterprise(), make.person()
        make.member(enterprise, owner)
        visitor.enter(owner, second_factor=True)
        form = {"tagline": "새 소개", "story": "이야기", "phone": "02-450-9999"}

        bare = visitor.post("/seller/profile", {**form, "picture": (io.BytesIO(_photo()), "a.png")})
        assert bare.status_code == 422
        assert "새 소개" in bare.get_data(as_text=True)
        saved = visitor.post(
            "/seller/profile",
            {**form, "picture_alt": "가게 앞", "picture": (io.BytesIO(_photo()), "a.png")},
        )
        assert saved.status_code == 303
        db.session.refresh(enterprise)
        assert (enterprise.tagline, enterprise.picture_alt) == ("새 소개", "가게 앞")
        svg = visitor.post(
            "/seller/profile",
            {**form, "picture_alt": "가게", "picture": (io.BytesIO(b"<svg/>"), "a.jpg")},
        )
        assert svg.status_code == 422

    def test_changes_the_account(self, visitor: Visitor) -> None:
        enterprise, owner = make.enterprise(), make.person()
        make.member(enterprise, owner)
        visitor.enter(owner, second_factor=True)
        form = {"bank_code": "088", "account_number": "12", "account_holder": "박대표"}

        wrong = visitor.post("/seller/profile/account", form)
        assert wrong.status_code == 422
        assert 'value="박대표"' in wrong.get_data(as_text=True)
        right = visitor.post("/seller/profile/account", {**form, "account_number": "110-123-4567"})
        assert right.status_code == 303
        page = visitor.get("/seller/profile").get_data(as_text=True)
        assert "끝자리 4567" in page
        assert "1101234567" not in page


class TestMembers:
    def test_of_another_enterprise_are_not_there(self, visitor: Visitor) -> None:
        own, owner = make.enterprise(), make.person()
        make.member(own, owner)
        stranger = make.person()
        make.member(make.enterprise(), stranger, role=MemberRole.STAFF)
        visitor.enter(owner, second_factor=True)

        base = "/seller/members"
        role = visitor.post(f"{base}/{stranger.id}/role", {"role": "cashier"})
        assert role.status_code == 404
        assert visitor.post(f"{base}/{stranger.id}/dismiss").status_code == 404
        assert visitor.post(f"{base}/invitations/1/revoke").status_code == 404
        assert visitor.post(f"{base}/{owner.id}/role", {"role": "boss"}).status_code == 422
        last = visitor.post(f"{base}/{owner.id}/dismiss")
        assert last.status_code == 409
        assert "대표가 한 분뿐" in last.get_data(as_text=True)
        wrong = visitor.post(base, {"email": "아님", "role": "staff"})
        assert wrong.status_code == 422
        assert 'value="아님"' in wrong.get_data(as_text=True)


class TestRegistry:
    def test_suspends_from_the_next_request(
        self, visitor: Visitor, another: Callable[[], Visitor]
    ) -> None:
        enterprise, owner = make.enterprise(), make.person()
        make.member(enterprise, owner)
        shop = another()
        shop.enter(owner, second_factor=True)
        assert shop.get("/seller").status_code == 200
        _staff(visitor, Role.OPERATOR)
        path = f"/office/enterprises/{enterprise.id}"

        silent = visitor.post(f"{path}/standing", {"to": "suspended", "reason": ""})
        assert silent.status_code == 422
        told = visitor.post(f"{path}/standing", {"to": "suspended", "reason": "서류 확인"})

        assert told.status_code == 303
        assert shop.get("/seller").status_code == 403
        assert shop.post("/seller/profile", {"phone": "02-450-9999"}).status_code == 403
        assert visitor.get(f"/enterprises/{enterprise.slug}").status_code == 404
        assert "서류 확인" in visitor.get(path).get_data(as_text=True)
        again = visitor.post(f"{path}/standing", {"to": "suspended", "reason": "또"})
        assert again.status_code == 409

    def test_writes_and_revokes_designations(self, visitor: Visitor) -> None:
        enterprise = make.enterprise(kinds=())
        _staff(visitor, Role.OPERATOR)
        path = f"/office/enterprises/{enterprise.id}"
        form = {"kind": "village", "number": "제2026-7호", "authority": "서울특별시"}

        wrong = visitor.post(
            f"{path}/designations",
            {**form, "granted_on": "2026-05-01", "expires_on": "2026-04-01"},
        )
        assert wrong.status_code == 422
        assert "제2026-7호" in wrong.get_data(as_text=True)
        right = visitor.post(
            f"{path}/designations",
            {**form, "granted_on": "2026-05-01", **_file(make.PDF, "지정서.pdf")},
        )
        assert right.status_code == 303
        document_id = db.session.scalars(select(Document.id)).one()
        opened = visitor.post(f"{path}/documents/{document_id}", {"reason": "확인"})
        assert opened.data == make.PDF
        held = db.session.scalars(select(Designation)).one()
        foreign = f"/office/enterprises/{make.enterprise().id}"
        revoke = f"designations/{held.id}/revoke"
        assert visitor.post(f"{foreign}/{revoke}", {"reason": "까닭"}).status_code == 404
        assert visitor.post(f"{foreign}/documents/{document_id}").status_code == 404
        assert visitor.post(f"{path}/{revoke}", {"reason": ""}).status_code == 422
        assert visitor.post(f"{path}/{revoke}", {"reason": "까닭"}).status_code == 303

    def test_takes_a_file_in_after_showing_it(self, visitor: Visitor) -> None:
        make.dong("1121582000", "자양1동")
        _staff(visitor, Role.OPERATOR)
        number = make.valid_business_number()
        content = (
            f"사업자등록번호,상호,대표자,전화,주소,동\n{number},=1+1,김,02-450-1234,길 1,자양1동"
        )
        path = "/office/enterprises/files"

        shown = visitor.post(path, _file(content.encode(), "기업.csv"))
        assert shown.status_code == 200
        assert db.session.scalars(select(Enterprise.name)).all() == []
        key = re.search(rf'action="({path}/[0-9a-f]+)"', shown.get_data(as_text=True))
        assert key is not None
        assert visitor.post(key[1]).status_code == 303
        assert visitor.post(key[1]).status_code == 404
        assert visitor.post(f"{path}/{'../' * 3}x").status_code == 404
        assert db.session.scalars(select(Enterprise.name)).all() == ["=1+1"]
        assert visitor.post(path, _file(b"PK\x03\x04broken", "a.xlsx")).status_code == 422
        assert visitor.post(path).status_code == 422

        # S16: what looks like a formula leaves as text.
        exported = visitor.get(f"{path}/registry.csv").get_data(as_text=True)
        assert "'=1+1" in exported
        sheet = visitor.get(f"{path}/registry.xlsx").data
        assert b"<f>" not in sheet
        again = visitor.post(path, _file(sheet, "registry.xlsx")).get_data(as_text=True)
        assert "반영할 것이 없습니다" in again


def test_mail_to_strangers_is_limited(visitor: Visitor) -> None:
    enterprise, owner = make.enterprise(), make.person()
    make.member(enterprise, owner)
    visitor.enter(owner, second_factor=True)
    form = {"email": "again@example.com", "role": "staff"}

    answers = [visitor.post("/seller/members", form).status_code for _ in range(31)]

    assert answers == [303] * 30 + [429]
