"""Goods by sheet: what rows do, what the same rows do again, and what a crash leaves."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from marketplace.catalog import import_sheet, price_plans, product_imports
from marketplace.catalog.models import Product, ProductStatus, Variant
from marketplace.catalog.product_imports import ImportState, Progress
from marketplace.catalog.upkeep_models import PriceChange
from marketplace.core.db import db, transaction
from marketplace.core.money import Won
from marketplace.core.sheets import SheetUnreadable
from tests import make
from tests.service.catalog import goods
from tests.service.catalog.goods import Shop, row
from tests.unit.test_spreadsheet_bombs import packed, xlsx
from tests.unit.test_spreadsheet_bombs import row as xml_row


@pytest.fixture
def shop(isolated: None) -> Shop:  # noqa: ARG001
    return goods.shop()


def sent(shop: Shop, content: bytes) -> tuple[int, bool]:
    with transaction():
        return product_imports.take_in(
            enterprise_id=shop.enterprise.id,
            filename="goods.xlsx",
            content=content,
            storage_key="product-sheets/x",
            by=shop.owner.id,
            at=make.NOW,
        )


def done(shop: Shop, content: bytes) -> Progress:
    """Do what the worker does, to the end."""
    import_id, _ = sent(shop, content)
    groups = import_sheet.in_groups(import_sheet.read(content))
    more = True
    while more:
        with transaction():
            more = product_imports.work(import_id, groups, at=make.NOW)
    return product_imports.get(import_id, shop.enterprise.id)


def counted(progress: Progress) -> tuple[int, int, int, int]:
    return progress.created, progress.updated, progress.unchanged, len(progress.errors)


def stock_of(code: str) -> dict[str, int]:
    rows = db.session.execute(
        select(Variant.option_values, Variant.on_hand).where(Variant.code == code)
    )
    return {"/".join(values): on_hand for values, on_hand in rows}


class TestWork:
    def test_makes_drafts_of_rows_with_one_code(self, shop: Shop) -> None:
        rows = [
            row("H-1", option_1="용량", value_1="500g", stock=3),
            row("J-1", name="딸기잼", story="잼 이야기", tags="잼,#딸기"),
            row("H-1", option_1="용량", value_1="1kg", difference="9,000원", stock=1),
        ]

        progress = done(shop, goods.sheet(rows))

        assert counted(progress) == (3, 0, 0, 0)
        assert progress.state is ImportState.DONE
        assert stock_of("H-1") == {"500g": 3, "1kg": 1}
        products = db.session.scalars(select(Product).order_by(Product.id)).all()
        assert [each.status for each in products] == [ProductStatus.DRAFT] * 2
        assert (products[1].story, products[1].tags) == ("<p>잼 이야기</p>", ["잼", "딸기"])
        assert db.session.scalar(select(func.count()).select_from(PriceChange)) == 2

    def test_changes_nothing_the_second_time_by_file_or_by_rows(self, shop: Shop) -> None:
        rows = [row(f"C-{n}") for n in range(20)]
        first = goods.sheet(rows)
        done(shop, first)

        again = sent(shop, first)
        other_file = done(shop, goods.table(rows, "utf-8-sig"))

        assert again[1] is False
        assert counted(other_file) == (0, 0, 20, 0)
        assert db.session.scalar(select(func.count()).select_from(Product)) == 20

    def test_writes_what_changed_and_leaves_what_empty_cells_do_not_say(self, shop: Shop) -> None:
        done(shop, goods.sheet([row("A"), row("B"), row("C")]))
        change = [
            {"code": "A", "price": 9_000},
            {"code": "B", "stock": 0},
            {"code": "C", "price": 10_000, "stock": 5},
        ]

        progress = done(shop, goods.sheet(change))

        assert counted(progress) == (0, 2, 1, 0)
        assert stock_of("B") == {"": 0}
        known = select(Product.name, Product.price).where(Product.price != 10_000)
        assert db.session.execute(known).all() == [("상품 A", 9_000)]

    def test_counts_free_pieces_beside_those_set_aside(self, shop: Shop) -> None:
        done(shop, goods.sheet([row("A", stock=10)]))
        variant = db.session.scalars(select(Variant)).one()
        with transaction():
            variant.reserved = 4

        done(shop, goods.sheet([{"code": "A", "stock": 2}]))

        again = db.session.get_one(Variant, variant.id, populate_existing=True)
        assert (again.on_hand, again.reserved) == (6, 4)

    def test_says_row_column_and_reason_of_every_wrong_cell(self, shop: Shop) -> None:
        rows = [
            row("A", price="-1"),
            row("B", price="1e308"),
            row("C", category="없는 분류"),
            row("", name="코드 없음"),
            row("D", price=20_000),
            row("E", stock="=1+1"),
            row("F"),
            row("F"),
            row("G", option_1="용량"),
            row("H", consumer_price="12.5"),
        ]

        progress = done(shop, goods.sheet(rows))

        said = {(each.row, each.column) for each in progress.errors}
        assert said == {
            (2, "판매가"),
            (3, "판매가"),
            (4, "분류"),
            (5, "판매자 상품코드"),
            (6, "판매가"),
            (7, "재고수량"),
            (9, "판매자 상품코드"),
            (10, "옵션값1"),
            (11, "정가"),
        }
        assert progress.created == 1

    def test_touches_nothing_of_another_enterprise(self, shop: Shop) -> None:
        theirs = goods.written(goods.shop(), code="SHARED", stock=3)

        done(shop, goods.sheet([row("SHARED", name="우리 것", category=shop.category.slug)]))

        assert goods.fresh(theirs.id).name == "아카시아꿀"
        assert sorted(stock_of("SHARED").values()) == [5]
        rows = select(func.count()).select_from(Variant).where(Variant.code == "SHARED")
        assert db.session.scalar(rows) == 2

    def test_leaves_planned_prices_alone(self, shop: Shop) -> None:
        product = goods.written(shop, code="A")
        with transaction():
            price_plans.schedule(
                product_id=product.id,
                enterprise_id=shop.enterprise.id,
                price=Won(9_000),
                starts_at=make.NOW,
                ends_at=make.NOW + timedelta(days=1),
                by=shop.owner.id,
                at=make.NOW,
            )

        progress = done(shop, goods.sheet([{"code": "A", "price": 100}]))

        assert [each.column for each in progress.errors] == ["판매가"]
        assert goods.fresh(product.id).price == 9_000

    def test_goes_on_where_a_killed_worker_stopped(self, shop: Shop) -> None:
        rows = [row(f"K-{n:04d}") for n in range(1_200)]
        content = goods.sheet(rows)
        import_id, _ = sent(shop, content)
        groups = import_sheet.in_groups(import_sheet.read(content))
        with transaction():
            product_imports.work(import_id, groups, at=make.NOW)
        # The next chunk is written, and its worker dies before the commit.
        killed = pytest.raises(KeyboardInterrupt)
        with killed, transaction():
            product_imports.work(import_id, groups, at=make.NOW)
            raise KeyboardInterrupt

        halfway = product_imports.get(import_id, shop.enterprise.id)
        done_rows = halfway.done
        more = True
        while more:
            with transaction():
                more = product_imports.work(import_id, groups, at=make.NOW)

        ended = product_imports.get(import_id, shop.enterprise.id)
        assert (done_rows, ended.done, ended.created) == (500, 1_200, 1_200)
        assert db.session.scalar(select(func.count()).select_from(Product)) == 1_200


class TestRead:
    def test_reads_cp949_and_byte_order_marks(self, shop: Shop) -> None:
        for encoding in ("cp949", "utf-8-sig"):
            progress = done(shop, goods.table([row(encoding, name="꿀, 잼\n세트")], encoding))
            assert counted(progress) == (1, 0, 0, 0)

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            b"PK\x03\x04 no zip",
            b"\x00\x01\x02\x03",
            "이름\n가게\n".encode(),
            xlsx(xml_row(1_048_576, "A", "x")),
            packed({f"xl/{n}.xml": "x" for n in range(300)}),
            packed({"xl/workbook.xml": "0" * (61 * 1024 * 1024)}),
        ],
        ids=["empty", "no-zip", "binary", "no-titles", "last-row", "parts", "bomb"],
    )
    def test_refuses_what_is_no_sheet_or_too_much(self, content: bytes) -> None:
        with pytest.raises(SheetUnreadable):
            import_sheet.read(content)

    def test_refuses_more_rows_than_it_says(self) -> None:
        rows = [{"code": f"R-{n}", "price": 1} for n in range(20_001)]

        with pytest.raises(SheetUnreadable, match="20,000줄"):
            import_sheet.read(goods.table(rows, "utf-8"))
