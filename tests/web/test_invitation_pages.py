"""From the mail with an invitation to the shop's desk."""

from __future__ import annotations

from marketplace.core import clock
from marketplace.core.db import transaction
from marketplace.enterprises import invitations
from marketplace.enterprises.models import MemberRole
from tests import make
from tests.web.visitor import Visitor


def _invited(email: str) -> str:
    enterprise = make.enterprise("밀밭나루")
    with transaction():
        invitation_id = invitations.invite(
            enterprise_id=enterprise.id,
            email=email,
            role=MemberRole.STAFF,
            by=make.person().id,
            at=clock.now(),
            ip=None,
        )
    return f"/invitations/{invitations.link_token(invitation_id)}"


def test_leads_strangers_to_sign_in_and_back(visitor: Visitor) -> None:
    path = _invited("new@example.com")

    page = visitor.get(path)
    assert page.status_code == 200
    assert "밀밭나루에서 초대했습니다" in page.get_data(as_text=True)
    assert f"next={path.replace('/', '%2F')}" in page.get_data(as_text=True) or (
        f"next={path}" in page.get_data(as_text=True)
    )
    with visitor.client.session_transaction() as session:
        assert session["onwards"] == path
    assert visitor.post(path).status_code == 303
    assert "/sign-in" in visitor.post(path).location


def test_admits_the_one_it_was_sent_to(visitor: Visitor) -> None:
    path = _invited("new@example.com")
    visitor.enter(make.person(email="new@example.com"))

    assert visitor.post(path).status_code == 303
    assert visitor.get("/seller").status_code == 200
    assert visitor.get("/seller/members").status_code == 403
    assert visitor.post(path).status_code == 404
    assert visitor.get(path).status_code == 404


def test_is_not_for_others(visitor: Visitor) -> None:
    path = _invited("new@example.com")
    visitor.enter(make.person(email="other@example.com"))

    refused = visitor.post(path)

    assert refused.status_code == 403
    assert "new@example.com" not in refused.get_data(as_text=True)
    assert visitor.get("/seller").status_code == 403
    assert visitor.get("/invitations/nonsense").status_code == 404
