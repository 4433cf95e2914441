"""One bundle as its enterprise sees it; the recipient's data only while shipping needs it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import select

from marketplace.accounts.models import Person
from marketplace.core import masking, phone
from marketplace.core.db import db
from marketplace.orders import board, ownership, queries, status
from marketplace.orders.details import BundleDetail, OrderDetail, Step
from marketplace.orders.models import ClaimCase, Line, LineHistory, LineStatus
from marketplace.orders.ownership import BundleNotFound

# After the buyer confirmed, for questions about the goods; then the data is gone from the screen.
SHOWN_FOR: Final = timedelta(days=30)
_PACKED: Final = frozenset({LineStatus.PAID, LineStatus.PREPARING, LineStatus.SHIPPING})
_PERSON: Final = re.compile(r"person:([0-9]{1,18})")
_ACTORS: Final = {
    "timer": "자동 처리",
    "carrier": "택배사",
    "guest": "구매자",
    "buyer": "구매자",
    "enterprise": "가게",
}


@dataclass(frozen=True, kw_only=True)
class Recipient:
    """Where goods go: as it is while that is needed, masked before and after."""

    name: str
    phone: str
    zip_code: str
    address: str
    memo: str
    is_masked: bool


@dataclass(frozen=True, kw_only=True)
class BundlePage:
    """One bundle with all an enterprise may know about it."""

    number: str
    ordered_at: datetime
    paid_at: datetime | None
    buyer: str
    recipient: Recipient
    bundle: BundleDetail
    steps: tuple[Step, ...]
    open_claims: int

    def ids_in(self, state: LineStatus) -> list[int]:
        """Return the ids of the lines in a state."""
        return [line.id for line in self.bundle.lines if line.status is state]

    @property
    def new_ids(self) -> list[int]:
        """Return the lines that wait to be accepted."""
        return self.ids_in(LineStatus.PAID)

    @property
    def ready_ids(self) -> list[int]:
        """Return the lines that wait to be sent."""
        return self.ids_in(LineStatus.PREPARING)


def get(*, bundle_id: int, enterprise_ids: Collection[int], at: datetime) -> BundlePage:
    """
    Return one bundle of one of these enterprises.

    :raises BundleNotFound: also when its order was never paid.
    """
    owned = ownership.get_bundle(bundle_id, enterprise_ids=enterprise_ids)
    order = queries.get(owned.order_id)
    if order.paid_at is None:
        raise BundleNotFound
    claims = _count_open_claims([bundle_id]).get(bundle_id, 0)
    return _page(order, bundle_id, claims, _history(bundle_id, order), at=at)


def list_to_pack(
    *, bundle_ids: Sequence[int], enterprise_ids: Collection[int], at: datetime
) -> list[BundlePage]:
    """
    Return bundles whose goods are packed or will be, in the order given.

    :raises BundleNotFound: when one is somebody else's or needs no packing any more.
    """
    pages = []
    for bundle_id in bundle_ids:
        owned = ownership.get_bundle(bundle_id, enterprise_ids=enterprise_ids)
        order = queries.get(owned.order_id)
        page = _page(order, bundle_id, 0, (), at=at)
        if order.paid_at is None or not _is_any(page.bundle, _PACKED):
            raise BundleNotFound
        pages.append(page)
    return pages


def recipient_of(order: OrderDetail, *, is_needed: bool) -> Recipient:
    """Return where an order goes, masked unless that is needed."""
    if is_needed:
        return Recipient(
            name=order.recipient_name,
            phone=phone.dashed(order.recipient_phone),
            zip_code=order.zip_code,
            address=f"{order.road_address} {order.address_detail}".strip(),
            memo=order.delivery_memo,
            is_masked=False,
        )
    return Recipient(
        name=masking.name(order.recipient_name),
        phone=masking.phone(order.recipient_phone),
        zip_code="*****",
        address=masking.address(order.road_address),
        memo="",
        is_masked=True,
    )


def _page(
    order: OrderDetail, bundle_id: int, claims: int, steps: tuple[Step, ...], *, at: datetime
) -> BundlePage:
    bundle = next(each for each in order.bundles if each.id == bundle_id)
    is_needed = (
        _is_any(bundle, board.NAMED) or claims > 0 or _was_confirmed(bundle_id, at - SHOWN_FOR)
    )
    return BundlePage(
        number=order.number,
        ordered_at=order.ordered_at,
        paid_at=order.paid_at,
        buyer=masking.name(order.buyer_name),
        recipient=recipient_of(order, is_needed=is_needed),
        bundle=bundle,
        steps=steps,
        open_claims=claims,
    )


def _is_any(bundle: BundleDetail, states: Collection[LineStatus]) -> bool:
    return any(line.status in states for line in bundle.lines)


def _was_confirmed(bundle_id: int, since: datetime) -> bool:
    found = select(Line.id).where(Line.bundle_id == bundle_id, Line.confirmed_at > since).limit(1)
    return db.session.scalar(found) is not None


def _count_open_claims(bundle_ids: Collection[int]) -> Mapping[int, int]:
    counts: dict[int, int] = {}
    for bundle_id in db.session.scalars(
        select(ClaimCase.bundle_id).where(
            ClaimCase.bundle_id.in_(bundle_ids), ClaimCase.finished_at.is_(None)
        )
    ):
        if bundle_id is not None:
            counts[bundle_id] = counts.get(bundle_id, 0) + 1
    return counts


def _history(bundle_id: int, order: OrderDetail) -> tuple[Step, ...]:
    rows = db.session.scalars(
        select(LineHistory)
        .join(Line, Line.id == LineHistory.line_id)
        .where(Line.bundle_id == bundle_id)
        .order_by(LineHistory.at, LineHistory.id)
    ).all()
    names = _names({row.actor for row in rows}, order)
    return tuple(
        Step(
            row.line_id,
            status.LABELS[LineStatus(row.to_status)],
            names[row.actor],
            row.note,
            row.at,
        )
        for row in rows
    )


def _names(actors: Iterable[str], order: OrderDetail) -> dict[str, str]:
    """Name staff; the buyer and machines are told by their part."""
    ids = {actor: int(found[1]) for actor in actors if (found := _PERSON.fullmatch(actor))}
    people: dict[int, str] = dict(
        db.session.execute(
            select(Person.id, Person.name).where(
                Person.id.in_(set(ids.values()) - {order.person_id})
            )
        ).all()
    )
    named = {}
    for actor in actors:
        person_id = ids.get(actor)
        if person_id is not None:
            is_buyer = person_id == order.person_id
            named[actor] = "구매자" if is_buyer else people.get(person_id, "직원")
        else:
            named[actor] = _ACTORS.get(actor, "결제" if actor.startswith("payment:") else "시스템")
    return named
