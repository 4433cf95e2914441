"""The office's table of carriers: what may be written into it, and by whom."""

from __future__ import annotations

from typing import Final

import pytest
from sqlalchemy import select

from marketplace.accounts.models import Role
from marketplace.audit.models import AuditEvent
from marketplace.core.db import db
from tests import make
from tests.web.visitor import Visitor

pytestmark = pytest.mark.usefixtures("isolated")

FORM: Final = {
    "code": "NEWONE",
    "name": "새택배",
    "aliases": "새,NEW",
    "number_pattern": "[0-9]{11}",
    "url_template": "https://example.com/{no}",
    "is_active": "1",
}


class TestCarriers:
    def test_are_added_and_changed_by_operators(self, visitor: Visitor) -> None:
        visitor.enter(make.person(roles=[Role.OPERATOR]), second_factor=True)

        assert visitor.post("/office/carriers", FORM).status_code == 303
        again = visitor.post("/office/carriers", FORM)
        changed = visitor.post("/office/carriers/NEWONE", {**FORM, "name": "더새택배"})

        assert again.status_code == 409
        assert changed.status_code == 303
        assert "더새택배" in visitor.get("/office/carriers").get_data(as_text=True)
        actions = db.session.scalars(
            select(AuditEvent.action).where(AuditEvent.subject_kind == "carrier")
        )
        assert sorted(actions) == ["carrier.added", "carrier.changed"]

    @pytest.mark.parametrize(
        "change",
        [
            {"url_template": "http://example.com/{no}"},
            {"url_template": "javascript:alert({no})"},
            {"url_template": "https://example.com/"},
            {"number_pattern": "(a+)+$"},
            {"name": " "},
            {"code": "a b"},
        ],
    )
    def test_refuse_what_would_harm_buyers(self, visitor: Visitor, change: dict[str, str]) -> None:
        visitor.enter(make.person(roles=[Role.OPERATOR]), second_factor=True)

        answer = visitor.post("/office/carriers", {**FORM, **change})

        assert answer.status_code == 422
        assert "새,NEW" in answer.get_data(as_text=True)

    def test_are_only_read_by_auditors(self, visitor: Visitor) -> None:
        visitor.enter(make.person(roles=[Role.AUDITOR]), second_factor=True)

        assert visitor.get("/office/carriers").status_code == 200
        assert visitor.post("/office/carriers", FORM).status_code == 403
