"""Who may reach which endpoint. Every view carries `@allow(...)`; a test lists those without."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum
from functools import wraps
from typing import Any, Final, TypeVar, cast

from flask import Response, current_app, jsonify, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.accounts.roles import Role
from marketplace.core.errors import NotAllowed
from marketplace.web.returning import here

View = TypeVar("View", bound=Callable[..., Any])


class Audience(StrEnum):
    """The widest circles an endpoint may be open to."""

    EVERYONE = "everyone"
    MEMBER = "member"
    SELLER = "seller"
    SELLER_OWNER = "seller_owner"
    COUNTER = "counter"
    STAFF = "staff"
    # Authenticated by other means than a session, such as a webhook's signature.
    MACHINE = "machine"


EVERYONE = Audience.EVERYONE
MEMBER = Audience.MEMBER
SELLER = Audience.SELLER
SELLER_OWNER = Audience.SELLER_OWNER
COUNTER = Audience.COUNTER
STAFF = Audience.STAFF
MACHINE = Audience.MACHINE
_OPEN: Final = frozenset({EVERYONE, MACHINE})


class SecondFactorMissing(NotAllowed):
    """Staff and owners must confirm a second factor first."""

    message = "2단계 인증을 마쳐야 들어갈 수 있습니다."


class NotForYou(NotAllowed):
    """The page belongs to other people's work."""

    message = "이 화면은 권한이 있는 분만 볼 수 있습니다. 다른 계정으로 로그인했는지 확인해 주세요."


def allow(*who: Audience | Role) -> Callable[[View], View]:
    """Open a view to these audiences or roles, and to nobody else."""
    if not who:
        raise TypeError("allow() needs at least one audience or role")
    circles = frozenset(who)

    def decorate(view: View) -> View:
        @wraps(view)
        def guarded(*args: Any, **kwargs: Any) -> Any:
            stopped = None if circles & _OPEN else _stop(circles)
            return view(*args, **kwargs) if stopped is None else stopped

        guarded.allowed = circles  # type: ignore[attr-defined]
        return cast(View, guarded)

    return decorate


def may_open(endpoint: str) -> bool:
    """Tell whether the visitor is one of those an endpoint is open to."""
    view = current_app.view_functions.get(endpoint)
    circles: frozenset[Audience | Role] = getattr(view, "allowed", frozenset())
    return bool(circles & _OPEN) or any(current_user.belongs_to(circle) for circle in circles)


def _stop(circles: frozenset[Audience | Role]) -> ResponseReturnValue | None:
    if not current_user.is_authenticated:
        return _send_to("shop_sign_in.show", status=401, code="SignInFirst")
    if not any(current_user.belongs_to(circle) for circle in circles):
        raise NotForYou
    # Members' own pages ask for it only from those who enrolled, when they sign in.
    if circles != {MEMBER} and current_user.needs_second_factor:
        return _send_to("shop_second_factor.show", status=403, code=SecondFactorMissing.__name__)
    return None


def _send_to(endpoint: str, *, status: int, code: str) -> ResponseReturnValue:
    if request.path.startswith("/api/"):
        return jsonify(code=code, message=""), status
    target = url_for(endpoint, next=here())
    if request.headers.get("HX-Request"):
        # A redirect would be swapped into the fragment's place; this one moves the page.
        return Response(status=status, headers={"HX-Redirect": target})
    return redirect(target, code=303)
