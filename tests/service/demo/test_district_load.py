"""The demo district in a real database: once loaded, it is a shop like any other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pyotp
import pytest
from sqlalchemy import func, select, text

from marketplace.accounts import second_factor, secrets
from marketplace.accounts.models import Person, Role, RoleGrant
from marketplace.accounts.verification_models import VerificationRequest
from marketplace.catalog import pictures as pipeline
from marketplace.catalog import renditions
from marketplace.catalog.models import Category, Picture, Product
from marketplace.checkout import canceling
from marketplace.core import clock
from marketplace.core.db import db, transaction
from marketplace.core.outbox import Job
from marketplace.core.storage import Storage
from marketplace.coupons import claims
from marketplace.coupons.counter_models import CounterUse
from marketplace.coupons.issue_models import CouponCode
from marketplace.coupons.models import Campaign, CampaignStatus, Coupon, CouponState, Grant
from marketplace.demo.district import load, load_pictures, logins
from marketplace.demo.district.generate import generate
from marketplace.demo.district.seeds import Scene
from marketplace.enterprises.models import Enterprise
from marketplace.ledger.models import Account, Entry, Posting
from marketplace.orders import numbers
from marketplace.orders.models import Line, LineHistory, LineStatus, Order
from marketplace.orders.shipment_models import Shipment
from marketplace.reporting import books
from marketplace.reviews.models import Question, Review
from marketplace.reviews.panel_models import Panel, PanelEntry, PanelSheet, PanelStatus
from marketplace.search.models import ProductDocument

if TYPE_CHECKING:
    from marketplace.core.settings import Settings
    from tests.bed.databases import Cluster


@pytest.fixture(scope="module")
def district_settings(
    request: pytest.FixtureRequest, cluster: Cluster, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Settings]:
    """A shop of this module's own that holds the district, without its pictures."""
    from tests.bed import application, servers

    with cluster.fresh_database() as database_url:
        settings = application.settings_for(
            database_url,
            redis_url=application.empty_broker(
                servers.of(request.config).broker_url, name=database_url
            ),
            data_dir=tmp_path_factory.mktemp("district"),
            stripe_api_base="http://127.0.0.1:1",
            public_url="http://127.0.0.1:8000",
        )
        with application.running(settings) as app, app.app_context():
            load.load(settings, with_pictures=False)
            yield settings


@pytest.fixture
def loaded(district_settings: Settings) -> Settings:
    """The loaded shop; every test reads it afresh."""
    db.session.rollback()
    return district_settings


def _count(model: type[object]) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


def _balance_of(prefix: str) -> int:
    total = db.session.scalar(
        select(func.coalesce(func.sum(Posting.amount), 0))
        .join(Account, Account.id == Posting.account_id)
        .where(Account.code.startswith(prefix))
    )
    return int(total or 0)


@pytest.mark.usefixtures("loaded")
class TestLoad:
    def test_writes_the_whole_district(self) -> None:
        assert _count(Enterprise) == 92
        assert _count(Product) >= 620
        assert _count(ProductDocument) == _count(Product)
        assert _count(Order) > 1_000
        assert db.session.scalar(select(func.sum(Product.sold_count))) == db.session.scalar(
            select(func.sum(Line.quantity - Line.canceled_quantity))
            .join(Order, Order.id == Line.order_id)
            .where(Order.paid_at.is_not(None))
        )

    def test_leaves_books_that_hold(self) -> None:
        checks = books.check_books()

        assert checks
        assert [check for check in checks if not check.holds] == []

    def test_holds_for_enterprises_what_is_not_confirmed_yet(self) -> None:
        confirmed = db.session.scalar(
            select(func.count()).select_from(Entry).where(Entry.kind == "confirmed")
        )
        open_lines = text(
            "SELECT coalesce(sum(b.shipping_fee + b.surcharge - b.shipping_refunded + l.amount), 0)"
            " FROM bundle b JOIN (SELECT bundle_id, sum(gross - enterprise_funded) AS amount"
            " FROM order_line WHERE status IN ('paid', 'preparing', 'shipping', 'delivered')"
            " GROUP BY bundle_id) l ON l.bundle_id = b.id"
        )

        assert confirmed
        assert _balance_of("payable:enterprise:") < 0
        assert -_balance_of("held:enterprise:") == db.session.scalar(open_lines)
        # What was refunded has been sent.
        assert _balance_of("refund_due") == 0

    def test_sends_what_has_left_and_promises_the_rest(self) -> None:
        unsent = text(
            "SELECT count(*) FROM order_line l LEFT JOIN shipment_line s ON s.line_id = l.id"
            " WHERE (l.status IN ('shipping', 'delivered', 'confirmed')) <> (s.line_id IS NOT NULL)"
        )
        without_a_day = text(
            "SELECT count(*) FROM bundle b JOIN customer_order o ON o.id = b.order_id"
            " WHERE (o.paid_at IS NOT NULL) <> (b.ship_by IS NOT NULL)"
        )
        unposted = text(
            "SELECT count(*) FROM order_line l LEFT JOIN ledger_entry e"
            " ON e.kind = 'confirmed' AND e.reference = 'line:' || l.id"
            " WHERE (l.status = 'confirmed') <> (e.id IS NOT NULL)"
        )

        assert [db.session.scalar(each) for each in (unsent, without_a_day, unposted)] == [0, 0, 0]
        assert _count(Shipment) > 500

    def test_talks_replies_hides_and_judges(self) -> None:
        rounds = set(db.session.scalars(select(Panel.status)))
        badges = select(func.count()).where(PanelEntry.has_badge)
        conflicts = select(func.count()).where(PanelSheet.has_conflict)
        hidden = select(func.count()).where(Review.hidden_at.is_not(None))
        replied = select(func.count()).where(Review.reply.is_not(None))
        unanswered = select(func.count()).where(Question.answer.is_(None))

        assert rounds == {PanelStatus.PUBLISHED, PanelStatus.SCORING}
        assert [db.session.scalar(each) for each in (badges, conflicts, hidden)] == [3, 2, 1]
        assert (db.session.scalar(replied) or 0) > 10
        assert db.session.scalar(unanswered)
        shown = select(func.count()).where(Review.hidden_at.is_(None))
        counted = select(func.sum(ProductDocument.review_count))
        assert db.session.scalar(shown) == db.session.scalar(counted)

    def test_has_lines_in_every_state_a_buyer_meets(self) -> None:
        found = set(db.session.scalars(select(Line.status).distinct()))

        assert found >= {
            LineStatus.PAID,
            LineStatus.SHIPPING,
            LineStatus.DELIVERED,
            LineStatus.CONFIRMED,
            LineStatus.CANCELED,
            LineStatus.CANCELED_UNPAID,
        }

    def test_writes_a_history_that_ends_where_each_line_stands(self) -> None:
        last = (
            select(LineHistory.line_id, func.max(LineHistory.id).label("id"))
            .group_by(LineHistory.line_id)
            .subquery()
        )
        astray = db.session.execute(
            select(Line.id)
            .outerjoin(last, last.c.line_id == Line.id)
            .outerjoin(LineHistory, LineHistory.id == last.c.id)
            .where(LineHistory.to_status.is_distinct_from(Line.status))
        ).all()

        assert astray == []

    def test_spends_city_and_district_money_thirty_to_seventy(self) -> None:
        of_drives = select(Grant.spent).where(Grant.account_code.startswith("310-"))
        spent = list(db.session.scalars(of_drives.order_by(Grant.id)))

        assert len(spent) == 4
        for city, district in (spent[:2], spent[2:]):
            assert city > 0
            # Each coupon is split to the won, so the sum may be off by a won per coupon.
            assert abs(city * 7 - district * 3) <= 10 * _count(Order)

    def test_leaves_the_coupon_desk_something_to_do(self) -> None:
        waiting = select(func.count()).where(Campaign.status == CampaignStatus.SUBMITTED)
        open_requests = select(func.count()).where(VerificationRequest.decided_at.is_(None))
        reversed_uses = select(func.count()).where(CounterUse.reversed_at.is_not(None))

        assert _count(CounterUse) >= 50
        assert db.session.scalar(reversed_uses) == 3
        assert db.session.scalar(waiting) == 1
        assert db.session.scalar(open_requests) == 6
        assert _count(CouponCode) == 64

    def test_leaves_no_word_for_workers(self) -> None:
        assert _count(Job) == 0

    def test_loading_again_changes_nothing(self, loaded: Settings) -> None:
        before = (_count(Order), _count(Product), _count(Person))

        load.load(loaded, with_pictures=False)

        assert (_count(Order), _count(Product), _count(Person)) == before


@pytest.mark.usefixtures("loaded")
class TestLogins:
    def test_open_with_the_printed_password_and_code(self) -> None:
        at = clock.now()
        owner = db.session.scalars(
            select(Person).where(Person.email == logins.owner_email("milbatnaru"))
        ).one()

        assert secrets.verify_secret(logins.PASSWORD, owner.password_hash)
        with transaction():
            second_factor.verify(
                person_id=owner.id, code=pyotp.TOTP(logins.TOTP_SECRET).at(at), at=at
            )

    def test_there_is_one_of_the_office_for_every_role(self) -> None:
        assert set(db.session.scalars(select(RoleGrant.role))) == set(Role)


@pytest.mark.usefixtures("loaded")
class TestLivingOn:
    def test_a_resident_claims_the_next_free_coupon(self) -> None:
        stranger = db.session.scalars(
            select(Person.id).where(
                Person.email.like("%@example.com"),
                Person.id.not_in(select(Coupon.person_id).where(Coupon.person_id.is_not(None))),
            )
        ).first()
        assert stranger is not None

        with transaction():
            claimed = claims.claim_at(slug="first-crossing", person_id=stranger, at=clock.now())

        coupon = db.session.get_one(Coupon, claimed.coupon_id)
        assert claimed.fresh
        assert (coupon.state, coupon.person_id) == (CouponState.CLAIMED, stranger)

    def test_a_buyer_cancels_a_line_of_yesterday(self) -> None:
        line = db.session.scalars(select(Line).where(Line.status == LineStatus.PAID)).first()
        assert line is not None

        with transaction():
            case = canceling.cancel_lines(
                order_id=line.order_id,
                attempt_key="test-cancel-0001",
                quantities={line.id: line.quantity},
                reason="",
                actor="test",
                at=clock.now(),
            )

        assert case.cash_refund > 0
        assert [check for check in books.check_books() if not check.holds] == []


class TestStudio:
    def test_draws_stores_and_remembers(self, tmp_path: Path, loaded: Settings) -> None:
        scene = Scene(hero="candle", second="books", tint="dusk", arrangement=3)

        stored = load_pictures.draw_and_store([scene], loaded, tmp_path)

        picture = stored[scene.key]
        storage = Storage.of(loaded)
        assert picture.placeholder.startswith("data:image/webp;base64,")
        for width in renditions.WIDTHS:
            for kind in renditions.FORMATS:
                assert storage.has(renditions.file_key(picture.key, width, kind))

    def test_hangs_every_picture_with_its_words(self, loaded: Settings) -> None:
        district = generate(clock.now())
        scenes = load_pictures.scenes_of(district)
        one = pipeline.StoredPicture("0" * 32, 640, 640, "")

        with transaction():
            load_pictures.hang(
                district,
                {scene.key: one for scene in scenes},
                products=dict(db.session.execute(select(Product.name, Product.id)).all()),
                enterprises=dict(db.session.execute(select(Enterprise.slug, Enterprise.id)).all()),
            )

        assert _count(Picture) == sum(len(seed.pictures) for seed in district.products)
        bare = select(func.count()).where(Enterprise.picture_key.is_(None))
        assert db.session.scalar(bare) == 0
        assert loaded.data_dir.exists()


class TestScale:
    """Last in the file: benches need many rows, the tests above the district alone."""

    def test_fills_up_with_products_and_orders_that_balance(self, loaded: Settings) -> None:
        load.scale(loaded, products=1_500, orders=2_500)

        leaves = select(func.count()).where(Category.parent_id.is_not(None))
        assert _count(Product) == 1_500
        assert _count(Order) == 2_500
        assert db.session.scalar(leaves) == 50
        assert _count(ProductDocument) == 1_500
        assert all(numbers.is_number(number) for number in db.session.scalars(select(Order.number)))
        assert [check for check in books.check_books() if not check.holds] == []

    def test_filling_up_to_less_adds_nothing(self, loaded: Settings) -> None:
        before = (_count(Order), _count(Product))

        load.scale(loaded, products=10, orders=10)

        assert (_count(Order), _count(Product)) == before
