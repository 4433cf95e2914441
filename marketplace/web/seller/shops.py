"""Which enterprises the viewer works for at a desk: what all pages of sellers are scoped by."""

from __future__ import annotations

from flask_login import current_user

from marketplace.enterprises.members import MemberRole

_AT_A_DESK = frozenset({MemberRole.OWNER, MemberRole.STAFF})


def own_ids() -> list[int]:
    """Return the ids of the selling enterprises the viewer is owner or staff of."""
    return [
        membership.enterprise_id
        for membership in current_user.memberships
        if membership.role in _AT_A_DESK and membership.enterprise_status == "active"
    ]


def names() -> dict[int, str]:
    """Return the names of these enterprises."""
    own = set(own_ids())
    return {
        membership.enterprise_id: membership.enterprise_name
        for membership in current_user.memberships
        if membership.enterprise_id in own
    }


def actor() -> str:
    """Return how histories name the viewer."""
    return f"person:{current_user.person_id}"
