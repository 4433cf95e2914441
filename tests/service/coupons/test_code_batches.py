"""Many codes at once."""

from __future__ import annotations

from io import BytesIO

import pytest
import zxingcpp
from PIL import Image
from sqlalchemy import func, select, update

from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.coupons import code_batches, code_sheet, codes, issuing
from marketplace.coupons.code_batches import (
    BatchState,
    HowMany,
    NotReady,
    NotWithCodes,
    SeedForgotten,
    TakenAlready,
    TooManyToPrint,
)
from marketplace.coupons.issue_models import CodeBatch, CouponCode
from marketplace.coupons.models import CampaignStatus, Coupon, FunderKind, Grant
from marketplace.coupons.refusals import BudgetExhausted
from tests import make
from tests.make import NOW

pytestmark = pytest.mark.usefixtures("isolated")


def _ask(campaign_id: int, wanted: int) -> int:
    with transaction():
        return code_batches.ask(campaign_id=campaign_id, wanted=wanted, by=make.person().id, at=NOW)


def _make_some(batch_id: int) -> bool:
    with transaction():
        return code_batches.make_some(batch_id, at=NOW)


class TestAsk:
    def test_leaves_word_once(self) -> None:
        batch_id = _ask(make.code_campaign(cap=10).id, 10)

        asked = db.session.scalars(select(Job).where(Job.kind == "coupons.make_codes")).all()
        assert [job.payload for job in asked] == [{"batch_id": batch_id}]
        assert code_batches.get(batch_id).state is BatchState.WAITING

    @pytest.mark.parametrize("wanted", [0, -1, 100_001])
    def test_refuses_odd_numbers(self, wanted: int) -> None:
        with pytest.raises(HowMany):
            _ask(make.code_campaign().id, wanted)

    def test_refuses_other_campaigns_and_drafts(self) -> None:
        for drive in (make.campaign(), make.code_campaign(status=CampaignStatus.DRAFT)):
            with pytest.raises(NotWithCodes):
                _ask(drive.id, 1)

    def test_counts_what_is_asked_for_already(self) -> None:
        drive = make.code_campaign(cap=10)
        _ask(drive.id, 6)

        with pytest.raises(issuing.OverCap):
            _ask(drive.id, 5)


class TestMakeSome:
    def test_makes_chunks_until_done(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(code_batches, "CHUNK", 4)
        drive = make.code_campaign(cap=10, amount=5_000)
        batch_id = _ask(drive.id, 10)

        steps = [(_make_some(batch_id), code_batches.get(batch_id).made) for _ in range(4)]

        assert steps == [(True, 4), (True, 8), (False, 10), (False, 10)]
        assert code_batches.get(batch_id).state is BatchState.READY
        assert make.count_of(CouponCode) == make.count_of(Coupon) == 10
        assert drive.issued == 10
        assert db.session.scalar(select(func.sum(Grant.reserved))) == 50_000

    def test_goes_on_where_a_killed_one_stopped(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(code_batches, "CHUNK", 4)
        batch_id = _ask(make.code_campaign(cap=10).id, 10)
        _make_some(batch_id)

        def die() -> None:
            with transaction():
                code_batches.make_some(batch_id, at=NOW)
                raise SystemExit

        with pytest.raises(SystemExit):
            die()
        while _make_some(batch_id):
            pass

        assert code_batches.get(batch_id).made == make.count_of(CouponCode) == 10
        with transaction():
            rows = code_batches.take_for_file(batch_id, by=make.person().id, at=NOW)
        assert [row.slot_no for row in rows] == list(range(1, 11))
        assert len({row.code for row in rows}) == 10

    def test_stops_when_the_money_is_gone(self) -> None:
        city = make.grant(FunderKind.CITY, ceiling=20_000)
        batch_id = _ask(make.code_campaign(cap=10, grants=[(city, 10_000)]).id, 10)

        with pytest.raises(BudgetExhausted) as refused:
            _make_some(batch_id)
        with transaction():
            code_batches.fail(batch_id, refused.value, at=NOW)

        batch = code_batches.get(batch_id)
        assert (batch.state, batch.made) == (BatchState.FAILED, 0)
        assert "예산" in batch.error
        assert make.money_of(city) == (0, 0)
        assert not _make_some(batch_id)


class TestTaking:
    def _ready(self, wanted: int = 3) -> int:
        batch_id = _ask(make.code_campaign(cap=wanted).id, wanted)
        while _make_some(batch_id):
            pass
        return batch_id

    def test_waits_until_the_codes_are_made(self) -> None:
        batch_id = _ask(make.code_campaign().id, 3)

        with pytest.raises(NotReady), transaction():
            code_batches.take_for_file(batch_id, by=make.person().id, at=NOW)

    def test_gives_each_file_once_and_forgets_the_seed_after_both(self) -> None:
        batch_id, by = self._ready(), make.person().id

        with transaction():
            file = code_batches.take_for_file(batch_id, by=by, at=NOW)
        with pytest.raises(TakenAlready), transaction():
            code_batches.take_for_file(batch_id, by=by, at=NOW)
        assert db.session.get_one(CodeBatch, batch_id).seed is not None
        with transaction():
            sheet = code_batches.take_for_sheet(batch_id, by=by, at=NOW)

        assert file == sheet
        digests = set(db.session.scalars(select(CouponCode.digest)))
        assert digests == {codes.digest(row.code) for row in file}
        assert db.session.get_one(CodeBatch, batch_id).seed is None
        with pytest.raises(TakenAlready), transaction():
            code_batches.take_for_sheet(batch_id, by=by, at=NOW)

    def test_gives_nothing_once_the_seed_is_forgotten(self) -> None:
        batch_id, by = self._ready(), make.person().id

        with transaction():
            code_batches.forget_seed(batch_id, by=by)

        for take in (code_batches.take_for_file, code_batches.take_for_sheet):
            with pytest.raises(SeedForgotten), transaction():
                take(batch_id, by=by, at=NOW)
        with pytest.raises(SeedForgotten), transaction():
            code_batches.forget_seed(batch_id, by=by)

    def test_prints_no_more_than_a_printer_takes(self) -> None:
        batch_id, by = self._ready(), make.person().id
        with transaction():
            db.session.execute(update(CodeBatch).values(made=2_001, wanted=2_001))

        with pytest.raises(TooManyToPrint), transaction():
            code_batches.take_for_sheet(batch_id, by=by, at=NOW)
        with transaction():
            code_batches.take_for_file(batch_id, by=by, at=NOW)

        assert db.session.get_one(CodeBatch, batch_id).seed is None


class TestSheet:
    def test_every_coupon_can_be_scanned(self) -> None:
        drive = make.code_campaign(name="한가위 마중물", cap=8, amount=5_000, min_order=10_000)
        batch_id, made = make.code_batch(drive, codes=8)
        rows = [code_batches.CodeRow(number, code) for number, code in enumerate(made, start=1)]

        wording = code_sheet.get_wording(batch_id, phone="02-450-1234")
        page = code_sheet.draw(wording, rows, form="png")
        with Image.open(BytesIO(page)) as picture:
            read = {found.text for found in zxingcpp.read_barcodes(picture.convert("L"))}

        assert {codes.read_paper(text) for text in read} == set(made)
        assert wording.name == "한가위 마중물"
        assert wording.worth == "5,000원"
        assert "세나루에 참여하는 모든 가게" in wording.terms[0]
        assert "10,000원 이상" in wording.terms[1]
        assert code_sheet.draw(wording, rows).startswith(b"%PDF-")

    def test_says_where_the_coupon_is_good(self) -> None:
        shop = make.enterprise(name="꿀벌 협동조합")
        drive = make.code_campaign(cap=1, scope={"enterprises": [shop.id]}, valid_days=30)
        batch_id, _ = make.code_batch(drive, codes=1)

        wording = code_sheet.get_wording(batch_id, phone="02-450-1234")

        assert "꿀벌 협동조합" in wording.terms[0]
        assert "등록한 날부터 30일" in wording.terms[2]
