"""What the browser's stories begin with: a shop with goods, and somebody who buys."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from flask import Flask

from marketplace.accounts import secrets
from marketplace.accounts.models import Person
from marketplace.catalog.models import ShippingKind, Variant
from tests import make
from tests.browser.pages.sign_in import PASSWORD


@dataclass(frozen=True)
class Street:
    """One enterprise with two products, and a member with an address."""

    bread: Variant
    honey: Variant
    member: Person


@pytest.fixture
def street(live_app: Flask) -> Iterator[Street]:
    """Open a small street of shops; its context stays pushed for questions to the database."""
    with live_app.app_context():
        bakery = make.enterprise(name="밀밭나루 빵집")
        ships = make.shipping(bakery, ShippingKind.CONDITIONAL_FREE, fee=3_000, free_over=30_000)
        bread = make.sellable(bakery, price=12_000, ships=ships, name="통밀 사워도우")
        honey = make.sellable(
            make.enterprise(name="강언덕 도시양봉"), price=24_000, name="아까시꿀", on_hand=5
        )
        member = make.person(
            name="김주민", email="resident@example.com", password_hash=secrets.hash_secret(PASSWORD)
        )
        yield Street(bread, honey, member)
