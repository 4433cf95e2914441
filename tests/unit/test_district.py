"""The demo district as it is made up, before it is written anywhere."""

from __future__ import annotations

import io
import re
from collections import Counter
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from PIL import Image

from marketplace.accounts import passwords
from marketplace.core import phone as phones
from marketplace.core.calendar import SEOUL, LunarHoliday, lunar_holiday
from marketplace.core.money import Won, allocate
from marketplace.demo.district import (
    content_catalog,
    content_places,
    content_seasons,
    logins,
    pictures,
)
from marketplace.demo.district.content_notices import TEMPLATES
from marketplace.demo.district.content_timeline import of_order
from marketplace.demo.district.generate import generate
from marketplace.demo.district.korean import inflect
from marketplace.demo.district.load_pictures import scenes_of
from marketplace.demo.district.seeds import District, Scene
from marketplace.enterprises import business_number
from marketplace.orders import numbers

NOW = datetime(2026, 11, 24, 5, 0, tzinfo=UTC)
TODAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def district() -> District:
    return generate(NOW)


class TestGenerate:
    def test_is_the_same_every_time(self, district: District) -> None:
        assert generate(NOW) == district

    @pytest.mark.parametrize("days", [100, 430])
    def test_holds_together_on_any_day(self, days: int) -> None:
        at = NOW + timedelta(days=days)

        later = generate(at)

        assert len(later.orders) > 900
        assert all(order.ordered_at < at for order in later.orders)
        assert all(resident.joined_at < at for resident in later.residents)
        assert {order.campaign for order in later.orders} >= {None, 0}


class TestEnterprises:
    def test_are_ninety_two_over_all_fifteen_dong(self, district: District) -> None:
        dong = Counter(seed.dong_code for seed in district.enterprises)

        assert len(district.enterprises) == 92
        assert set(dong) == {place.code for place in content_places.DONGS}
        assert len(dong) == 15
        assert min(dong.values()) >= 4

    def test_have_numbers_of_their_own_that_pass_the_check_digit(self, district: District) -> None:
        found = {business_number.normalize(seed.business_number) for seed in district.enterprises}

        assert len(found) == 92
        assert len({seed.mail_order_number for seed in district.enterprises}) == 92
        for seed in district.enterprises:
            assert re.fullmatch(r"제\d{4}-서울광진-\d{4}호", seed.mail_order_number)
            assert phones.normalise(seed.phone) == seed.phone

    def test_stand_inside_the_district(self, district: District) -> None:
        for seed in district.enterprises:
            assert "04900" <= seed.zip_code <= "05119"
            assert seed.road_address.startswith("서울특별시 광진구 ")

    def test_hold_all_six_kinds_and_several_over_time(self, district: District) -> None:
        kinds = Counter(held.kind for seed in district.enterprises for held in seed.designations)

        assert set(kinds) == {
            "social",
            "pre_social",
            "village",
            "cooperative",
            "social_cooperative",
            "self_support",
        }
        assert sum(len(seed.designations) > 1 for seed in district.enterprises) >= 30

    def test_have_one_whose_designation_is_over_and_some_that_soon_are(
        self, district: District
    ) -> None:
        last = {seed.slug: seed.designations[-1] for seed in district.enterprises}
        soon = TODAY + timedelta(days=60)

        over = [slug for slug, held in last.items() if held.expires_on and held.expires_on <= TODAY]
        ending = [
            slug
            for slug, held in last.items()
            if held.expires_on and TODAY < held.expires_on < soon
        ]

        assert over == ["naruju"]
        assert len(ending) >= 3

    @pytest.mark.parametrize(
        ("kind", "shape"),
        [("social", r"제\d{4}-\d{3}호"), ("village", r"\d{4}년 [12]차-\d{2}")],
    )
    def test_write_certificates_as_their_authority_does(
        self, district: District, kind: str, shape: str
    ) -> None:
        written = [
            held.number
            for seed in district.enterprises
            for held in seed.designations
            if held.kind == kind
        ]

        assert written
        assert all(re.fullmatch(shape, number) for number in written)

    def test_make_every_family_exactly_once(self) -> None:
        made = [(firm.leaf, noun) for firm in content_catalog.firms() for noun in firm.makes]

        assert sorted(made) == sorted((f.leaf.slug, f.noun) for f in content_catalog.families())


class TestProducts:
    def test_are_many_and_none_twice(self, district: District) -> None:
        names = [seed.name for seed in district.products]

        assert len(names) >= 620
        assert len(set(names)) == len(names)
        assert len({seed.story for seed in district.products}) == len(names)
        assert [seed.number for seed in district.products] == list(range(len(names)))

    def test_fill_a_tree_of_two_levels(self, district: District) -> None:
        tops = {seed.slug for seed in district.categories if seed.parent is None}
        leaves = {seed.slug for seed in district.categories if seed.parent is not None}

        assert len(leaves) >= 14
        assert {seed.parent for seed in district.categories} - {None} == tops
        assert {seed.leaf for seed in district.products} == leaves

    def test_cost_whole_hundreds_and_never_more_than_the_consumer_price(
        self, district: District
    ) -> None:
        for seed in district.products:
            assert seed.price % 100 == 0
            assert 0 < seed.price <= seed.consumer_price
            assert all(seed.price + variant.price_difference > 0 for variant in seed.variants)
        off = sum(seed.price < seed.consumer_price for seed in district.products)
        assert 0.2 < off / len(district.products) < 0.6

    def test_fresh_farm_goods_are_free_of_tax(self, district: District) -> None:
        by_name = {seed.name: seed.tax_kind for seed in district.products}

        assert by_name["표고 버섯 500g"] == "tax_free"
        assert by_name["사과 말랭이 200g"] == "taxable"
        assert by_name["통밀 사워도우 600g"] == "taxable"

    def test_have_distinct_variants_that_fit_their_options(self, district: District) -> None:
        for seed in district.products:
            values = [variant.option_values for variant in seed.variants]
            assert len(set(values)) == len(values) >= 1
            assert all(len(chosen) == len(seed.option_names) for chosen in values)

    def test_carry_the_whole_notice_of_their_category(self, district: District) -> None:
        labels = {frozenset(template) for template in TEMPLATES.values()}
        for seed in district.products:
            given = frozenset(seed.notice) - {"상품 구성"}
            assert given in labels, seed.name
            assert all(text.strip() for text in seed.notice.values()), seed.name

    def test_leave_no_mark_unfilled(self, district: District) -> None:
        for seed in district.products:
            written = " ".join((seed.name, seed.summary, seed.story, *seed.notice.values()))
            assert not re.search(r"[{}]|\[(?:을|이|은|과|으로)\]", written), seed.name

    def test_show_pictures_with_alternative_texts(self, district: District) -> None:
        for seed in district.products:
            assert 2 <= len(seed.pictures) <= 3
            assert all(picture.alt.strip() for picture in seed.pictures)
        first = Counter(seed.pictures[0].scene for seed in district.products)
        assert first.most_common(1)[0][1] <= 2


class TestPictures:
    def test_know_every_thing_that_stands_on_a_table(self, district: District) -> None:
        drawn = {name for scene in scenes_of(district) for name in (scene.hero, scene.second)}

        assert drawn <= set(pictures._icons())

    def test_draw_a_square_still_life_without_holes(self, tmp_path: Path) -> None:
        scene = Scene(hero="bread", second="honey-pot", tint="wheat", arrangement=0)

        image = Image.open(io.BytesIO(pictures.draw(scene, tmp_path)))

        assert image.size == (pictures.SIZE, pictures.SIZE)
        assert image.mode == "RGB"
        # The bread stands where the bare wall would be.
        bare = Image.open(
            io.BytesIO(
                pictures.draw(
                    Scene(hero="sewing-needle", second="thread", tint="wheat", arrangement=0),
                    tmp_path,
                )
            )
        )
        middle = (pictures.SIZE // 2, pictures.SIZE // 2)
        assert image.getpixel(middle) != bare.getpixel(middle)
        assert image.getpixel((2, 2)) == bare.getpixel((2, 2))

    def test_keep_the_single_things_for_the_next_scene(self, tmp_path: Path) -> None:
        scene = Scene(hero="soap", second="bubbles", tint="water", arrangement=1)

        first = pictures.draw(scene, tmp_path)

        assert {path.suffix for path in tmp_path.iterdir()} == {".png"}
        assert pictures.draw(scene, tmp_path) == first


class TestPeople:
    def test_are_three_hundred_residents_with_invented_contacts(self, district: District) -> None:
        assert len(district.residents) == 300
        assert len({seed.email for seed in district.residents}) == 300
        assert len({seed.phone for seed in district.residents}) == 300
        for seed in district.residents:
            assert re.fullmatch(r"[a-z]+\.[a-z]+\d{3}@example\.com", seed.email)
            assert re.fullmatch(r"0100\d{7}", seed.phone)
            assert phones.normalise_mobile(seed.phone) == seed.phone

    def test_print_the_addresses_that_are_generated(self, district: District) -> None:
        printed = "\n".join(logins.lines())

        assert district.residents[0].email in printed
        assert all(seed.email in printed for seed in district.staff)
        assert logins.owner_email("milbatnaru") in printed
        assert logins.PASSWORD in printed
        assert logins.TOTP_SECRET in printed

    def test_choose_a_password_the_shop_would_take(self) -> None:
        passwords.check(logins.PASSWORD, email=logins.owner_email("sonpum"), name="목영희")


class TestOrders:
    def test_follow_the_week_and_swell_before_chuseok(self, district: District) -> None:
        days = Counter(order.ordered_at.astimezone(SEOUL).date() for order in district.orders)
        chuseok = lunar_holiday(2026, LunarHoliday.CHUSEOK)
        rush = sum(days[chuseok - timedelta(days=back)] for back in range(8, 22)) / 14
        quiet = sum(days[chuseok + timedelta(days=after)] for after in range(14, 28)) / 14
        mondays = sum(count for day, count in days.items() if day.weekday() == 0)
        saturdays = sum(count for day, count in days.items() if day.weekday() == 5)

        assert min(days) >= TODAY - timedelta(days=content_seasons.DAYS)
        assert max(days) == TODAY
        assert rush > 1.5 * quiet
        assert mondays > saturdays
        assert days[chuseok] <= 4

    def test_buy_only_what_was_for_sale_from_members(self, district: District) -> None:
        for order in district.orders:
            assert district.residents[order.buyer].joined_at <= order.ordered_at
            for item in order.items:
                product = district.products[item.product]
                assert product.published_at <= order.ordered_at
                assert 0 <= item.variant < len(product.variants)
                assert item.quantity >= 1

    def test_have_numbers_the_shop_reads(self, district: District) -> None:
        assert len({order.number for order in district.orders}) == len(district.orders)
        assert all(numbers.is_number(order.number) for order in district.orders)

    def test_span_several_enterprises_and_some_end_early(self, district: District) -> None:
        fates = Counter(order.fate for order in district.orders)
        shops = [
            {district.products[item.product].enterprise for item in order.items}
            for order in district.orders
        ]

        assert set(fates) == {"kept", "unpaid", "canceled", "one_canceled"}
        assert sum(len(of_one) > 1 for of_one in shops) > 400

    def test_use_a_coupon_of_each_drive_once_per_person(self, district: District) -> None:
        uses = Counter(
            (order.campaign, order.buyer) for order in district.orders if order.campaign is not None
        )

        assert set(uses.values()) == {1}
        assert {campaign for campaign, _ in uses} == {0, 1}


class TestTimeline:
    def test_steps_follow_each_other_and_stop_now(self, district: District) -> None:
        for order in district.orders:
            timeline = of_order(order, lead_days=2, now=NOW)
            moments = [
                order.ordered_at,
                timeline.paid_at,
                timeline.preparing_at,
                timeline.shipped_at,
                timeline.delivered_at,
                timeline.confirmed_at,
            ]
            happened = [moment for moment in moments if moment is not None]
            assert happened == sorted(happened)
            assert happened[-1] <= NOW
            # Nothing happens after the first thing that did not.
            assert moments[: len(happened)] == happened

    def test_confirms_by_timer_only_after_the_days_to_withdraw(self, district: District) -> None:
        by_timer = [
            timeline
            for order in district.orders
            for timeline in (of_order(order, lead_days=1, now=NOW),)
            if timeline.confirmed_at and timeline.confirmed_by_timer
        ]

        assert by_timer
        assert all(
            timeline.delivered_at
            and timeline.confirmed_at
            and timeline.confirmed_at - timeline.delivered_at >= timedelta(days=7)
            for timeline in by_timer
        )

    def test_an_unpaid_order_ends_when_its_time_is_over(self, district: District) -> None:
        order = next(order for order in district.orders if order.fate == "unpaid")

        timeline = of_order(order, lead_days=1, now=NOW)

        assert timeline.paid_at is None
        assert timeline.closed_at
        assert timeline.closed_at > timeline.expires_at


class TestCampaigns:
    def test_are_two_paid_by_city_and_district_thirty_to_seventy(self, district: District) -> None:
        running, over = district.campaigns

        assert running.starts_at < NOW < running.ends_at
        assert over.ends_at < NOW
        for seed in district.campaigns:
            assert [(grant.funder, grant.share_bps) for grant in seed.grants] == [
                ("city", 3_000),
                ("district", 7_000),
            ]
            budget = Won(seed.amount * seed.cap)
            shares = allocate(budget, [grant.share_bps for grant in seed.grants])
            assert [grant.ceiling for grant in seed.grants] == shares


class TestReviews:
    def test_say_two_hundred_different_things_about_what_arrived(self, district: District) -> None:
        bodies = [seed.body for seed in district.reviews]

        assert len(set(bodies)) == len(bodies) >= 200
        assert {seed.rating for seed in district.reviews} >= {2, 3, 4, 5}
        for seed in district.reviews:
            order = district.orders[seed.order]
            assert order.fate == "kept"
            assert seed.item < len(order.items)


class TestInflect:
    @pytest.mark.parametrize(
        ("marked", "written"),
        [
            ("쌀[을] 씻는다", "쌀을 씻는다"),
            ("차[을] 마신다", "차를 마신다"),
            ("쌀[으로] 빚은", "쌀로 빚은"),
            ("밤[으로] 빚은", "밤으로 빚은"),
            ("무[으로] 담근", "무로 담근"),
            ("『강을 건너온 사람들』[은]", "『강을 건너온 사람들』은"),
            ("식빵 3[이] 남았다", "식빵 3이 남았다"),
            ("식빵 2[과] 잼", "식빵 2와 잼"),
        ],
    )
    def test_chooses_the_particle_by_the_last_sound(self, marked: str, written: str) -> None:
        assert inflect(marked) == written
