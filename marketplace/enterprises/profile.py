"""What an enterprise says of itself on its own page."""

from __future__ import annotations

from dataclasses import dataclass

from marketplace.audit import trail
from marketplace.core import outbox
from marketplace.core import phone as phones
from marketplace.core.db import db
from marketplace.core.errors import InvalidInput, NotFound
from marketplace.enterprises.models import Enterprise


class ShopMissing(NotFound):
    """There is no such enterprise."""

    message = "가게를 찾을 수 없습니다."


class AltMissing(InvalidInput):
    """Who cannot see a picture is told what it shows."""

    message = "사진을 설명하는 글(대체 텍스트)을 적어 주세요."
    field = "picture_alt"


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What an owner may change of an enterprise."""

    tagline: str
    story: str
    phone: str
    accepts_counter_coupons: bool
    picture_key: str | None
    picture_alt: str


def get(enterprise_id: int) -> Profile:
    """
    Return an enterprise's profile.

    :raises ShopMissing:
    """
    enterprise = db.session.get(Enterprise, enterprise_id, populate_existing=True)
    if enterprise is None:
        raise ShopMissing
    return Profile(
        tagline=enterprise.tagline,
        story=enterprise.story,
        phone=enterprise.phone,
        accepts_counter_coupons=enterprise.accepts_counter_coupons,
        picture_key=enterprise.picture_key,
        picture_alt=enterprise.picture_alt,
    )


def change(*, enterprise_id: int, profile: Profile, by: int, ip: str | None) -> None:
    """
    Write what an enterprise says of itself; the trail keeps which parts changed.

    :raises ShopMissing, PhoneInvalid, AltMissing:
    """
    enterprise = db.session.get(Enterprise, enterprise_id, with_for_update=True)
    if enterprise is None:
        raise ShopMissing
    if profile.picture_key is not None and not profile.picture_alt.strip():
        raise AltMissing
    kept = {**vars(profile), "phone": phones.dashed(phones.normalise(profile.phone))}
    changed = sorted(name for name, value in kept.items() if getattr(enterprise, name) != value)
    for name in changed:
        setattr(enterprise, name, kept[name])
    if not changed:
        return
    db.session.flush()
    trail.record(
        "enterprise.profile_changed",
        subject_kind="enterprise",
        subject_id=enterprise_id,
        actor_id=by,
        details={"fields": changed},
        ip=ip,
    )
    outbox.enqueue("search.reindex_enterprise", {"enterprise_id": enterprise_id})
