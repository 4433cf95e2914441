"""A campaign sheet as a browser sends it."""

from __future__ import annotations

from collections.abc import Sequence

from marketplace.coupons.models import Grant


def filled(grants: Sequence[tuple[Grant, str]], **changes: object) -> dict[str, object]:
    """Return a sheet of 100 coupons of 5,000 won, or whatever else is asked for."""
    sheet: dict[str, object] = {
        "name": "가을 마중물",
        "summary": "동네 가게에서 쓰는 쿠폰",
        "slug": "autumn",
        "issue_mode": "open_claim",
        "trigger": "",
        "cap": "100",
        "starts_at": "2026-12-01T10:00",
        "ends_at": "2099-12-31T18:00",
        "kind": "fixed",
        "amount": "5,000",
        "round_unit": "1",
        "channel": "both",
        "min_order": "20,000",
        "validity": "days",
        "valid_days": "30",
        "per_person_limit": "1",
    }
    sheet |= {f"share_{grant.id}": share for grant, share in grants}
    return {name: value for name, value in (sheet | changes).items() if value is not None}
