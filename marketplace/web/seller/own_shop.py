"""The one enterprise a page about goods is for: the viewer's present one."""

from __future__ import annotations

from flask_login import current_user

from marketplace.web.guards import NotForYou


def enterprise_id() -> int:
    """
    Return the enterprise whose goods the viewer looks after.

    :raises NotForYou:
    """
    if current_user.membership is None:
        raise NotForYou
    return int(current_user.membership.enterprise_id)
