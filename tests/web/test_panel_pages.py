"""A round of a review panel from its draft to the badge, on pages."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable

from python_calamine import CalamineWorkbook
from sqlalchemy import select

from marketplace.accounts.models import Person, Role
from marketplace.core.db import db
from marketplace.reviews.panel_models import Panel, PanelEntry, Panellist, PanelScore
from marketplace.reviews.scoring import list_criteria
from tests import make
from tests.web.visitor import Visitor

Another = Callable[[], Visitor]
_PLAN = {"name": "2026 가을 품평회", "held_on": "2026-11-20", "badges": "1"}


def _clerk(visitor: Visitor) -> Visitor:
    return visitor.enter(make.person(roles=[Role.OPERATOR]), second_factor=True)


def _panel_id() -> int:
    return db.session.scalars(select(Panel.id).order_by(Panel.id.desc())).first() or 0


class TestRound:
    def test_goes_from_draft_to_badge(self, visitor: Visitor, another: Another) -> None:
        office = _clerk(visitor)
        shop = make.enterprise(name="달콤양봉원")
        owner, insider = make.person(), make.person()
        judge = make.person(name="최심사")
        make.member(shop, owner)
        make.member(shop, insider)
        product, other = make.product(shop, name="달콤양봉원 밤꿀"), make.product(name="쌀과자")
        for each in (product, other):
            make.variant(each)

        assert office.post("/office/panels", _PLAN).status_code == 303
        path = f"/office/panels/{_panel_id()}"
        for number in (f"https://senaru.example/products/{product.id}", str(other.id)):
            assert office.post(f"{path}/entries", {"product_id": number}).status_code == 303
        assert office.post(f"{path}/entries", {"product_id": "999999"}).status_code == 422
        for person in (judge, insider):
            seat = {"email": person.email, "kind": "merchandiser"}
            assert office.post(f"{path}/panellists", seat).status_code == 303
        wrong = {"name": ["품질", "포장"], "share": ["60", "30"]}
        refused = office.post(f"{path}/criteria", wrong)
        assert refused.status_code == 422
        assert 'value="30"' in refused.text
        right = {"name": ["품질", "포장", ""], "share": ["62.5", "37.5", ""]}
        assert office.post(f"{path}/criteria", right).status_code == 303
        assert office.get(f"{path}/results").status_code == 409
        assert office.post(f"{path}/opening").status_code == 303

        self._score_and_publish(office, another, path, owner, (judge, insider))
        assert "2026 가을 품평회 우수상품" in another().get(f"/products/{product.id}").text
        assert "우수상품" not in another().get(f"/products/{other.id}").text

    def _score_and_publish(
        self,
        office: Visitor,
        another: Another,
        path: str,
        owner: Person,
        panel: tuple[Person, Person],
    ) -> None:
        judge, insider = panel
        entries = db.session.scalars(select(PanelEntry.id).order_by(PanelEntry.number)).all()
        criteria = list_criteria(_panel_id())
        scores = {f"score-{each.id}": "4" for each in criteria}
        panellist = another().enter(judge)
        blind = panellist.get(f"/panels/{_panel_id()}/entries/{entries[0]}").text
        assert "○○ 밤꿀" in blind
        assert "달콤양봉원" not in blind
        half = {f"score-{criteria[0].id}": "4", "comment": "향이 좋아요"}
        sheet = f"/panels/{_panel_id()}/entries/{entries[0]}"
        unfinished = panellist.post(sheet, half)
        assert unfinished.status_code == 422
        assert "향이 좋아요" in unfinished.text
        done = panellist.post(sheet, {**scores, "comment": "향이 좋아요", "channels": "gift_set"})
        assert done.status_code == 303
        partial = another().enter(insider)
        assert partial.post(sheet, scores).status_code == 409
        assert "이해관계" in partial.get(sheet).text
        assert "향이 좋아요" not in partial.get(sheet).text

        assert office.post(f"{path}/closing").status_code == 303
        assert panellist.post(sheet, scores).status_code == 409
        note = {"improvement": "작은 병도 만들어 보세요", "channels": ["gift_set"]}
        assert office.post(f"{path}/results/{entries[0]}/note", note).status_code == 303
        assert office.post(f"{path}/results/999999999/note", note).status_code == 404
        assert "4.00" in office.get(f"{path}/results?drops_extremes=1").text
        seller = another().enter(owner, second_factor=True)
        assert "밤꿀" not in seller.get("/seller/panels").text
        assert office.post(f"{path}/results/publication").status_code == 303
        assert office.post(f"{path}/results/publication").status_code == 409

        shown = seller.get("/seller/panels").text
        assert "작은 병도 만들어 보세요" in shown
        assert "향이 좋아요" in shown
        assert judge.name not in shown
        assert "쌀과자" not in shown

    def test_hands_out_a_file_without_formulas(self, visitor: Visitor, another: Another) -> None:
        office = _clerk(visitor)
        product, judge = make.product(name="=HYPERLINK(1)"), make.person()
        office.post("/office/panels", _PLAN)
        path = f"/office/panels/{_panel_id()}"
        office.post(f"{path}/entries", {"product_id": str(product.id)})
        office.post(f"{path}/panellists", {"email": judge.email, "kind": "consumer"})
        office.post(f"{path}/opening")
        (entry,) = db.session.scalars(select(PanelEntry.id)).all()
        scores = {f"score-{each.id}": "5" for each in list_criteria(_panel_id())}
        another().enter(judge).post(f"/panels/{_panel_id()}/entries/{entry}", scores)
        office.post(f"{path}/closing")

        sent = office.post(f"{path}/results/file")

        book = CalamineWorkbook.from_filelike(io.BytesIO(sent.data))
        row = book.get_sheet_by_index(0).to_python()[1]
        assert row[:3] == [1, 1, "=HYPERLINK(1)"]
        assert row[6] == "5.00"
        with zipfile.ZipFile(io.BytesIO(sent.data)) as parts:
            assert b"<f>" not in parts.read("xl/worksheets/sheet1.xml")


class TestStrangers:
    def test_know_nothing_of_a_round(self, visitor: Visitor, another: Another) -> None:
        office = _clerk(visitor)
        product, judge = make.product(), make.person()
        office.post("/office/panels", _PLAN)
        panel_id = _panel_id()
        path = f"/office/panels/{panel_id}"
        office.post(f"{path}/entries", {"product_id": str(product.id)})
        office.post(f"{path}/panellists", {"email": judge.email, "kind": "consumer"})
        (entry,) = db.session.scalars(select(PanelEntry.id)).all()
        seated = another().enter(judge)
        # Not even a panellist sees a draft.
        assert seated.get(f"/panels/{panel_id}").status_code == 404
        office.post(f"{path}/opening")
        stranger = another().enter(make.person())
        scores = {f"score-{each.id}": "5" for each in list_criteria(panel_id)}

        assert seated.get(f"/panels/{panel_id}").status_code == 200
        sheet = f"/panels/{panel_id}/entries/{entry}"
        assert stranger.get(f"/panels/{panel_id}").status_code == 404
        assert stranger.get(sheet).status_code == 404
        assert stranger.post(sheet, scores).status_code == 404
        assert stranger.post(f"{sheet}/conflict").status_code == 404
        assert db.session.scalars(select(PanelScore)).all() == []
        (panellist,) = db.session.scalars(select(Panellist.id)).all()
        assert office.post(f"{path}/panellists/{panellist}/removal").status_code == 409
        for missing in (
            "/office/panels/999999999",
            "/office/panels/999999999/results",
        ):
            assert office.get(missing).status_code == 404
