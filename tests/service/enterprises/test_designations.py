"""A designation counts only while it is valid."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from marketplace.enterprises import designations, queries
from marketplace.enterprises.models import DesignationKind
from tests import make

pytestmark = pytest.mark.usefixtures("isolated")

TODAY = date(2026, 11, 24)


class TestHoldsOn:
    @pytest.mark.parametrize(
        ("granted_on", "expires_on", "holds"),
        [
            (TODAY, None, True),
            (TODAY + timedelta(days=1), None, False),
            (TODAY - timedelta(days=9), TODAY + timedelta(days=1), True),
            (TODAY - timedelta(days=9), TODAY, False),
        ],
    )
    def test_from_the_day_granted_until_the_day_it_expires(
        self, granted_on: date, expires_on: date | None, holds: bool
    ) -> None:
        enterprise = make.enterprise()
        make.designation(
            enterprise,
            DesignationKind.SELF_SUPPORT,
            granted_on=granted_on,
            expires_on=expires_on,
        )

        kinds = designations.kinds_by_enterprise([enterprise.id], on=TODAY)

        assert (DesignationKind.SELF_SUPPORT in kinds.get(enterprise.id, [])) is holds
        page = queries.get_enterprise(enterprise.slug, on=TODAY)
        assert (DesignationKind.SELF_SUPPORT in page.kinds) is holds

    def test_names_every_kind(self) -> None:
        assert set(designations.LABELS) == set(DesignationKind)


class TestEnterprises:
    def test_lists_by_kind_and_dong(self) -> None:
        wanted, other = make.enterprise(), make.enterprise()
        make.designation(wanted, DesignationKind.VILLAGE)

        found = queries.list_enterprises(on=TODAY, kind=DesignationKind.VILLAGE)

        assert wanted.id in [card.id for card in found]
        assert other.id not in [card.id for card in found]
        assert queries.count_by_kind(on=TODAY)[DesignationKind.VILLAGE] == len(found)

    def test_hides_one_that_no_longer_sells(self) -> None:
        with pytest.raises(queries.EnterpriseNotFound):
            queries.get_enterprise("nobody", on=TODAY)
