"""Terms, policies and guides everybody may read."""

from __future__ import annotations

from flask import Blueprint, render_template
from flask.typing import ResponseReturnValue

from marketplace.accounts import consents
from marketplace.accounts.consents import ConsentKind
from marketplace.web.guards import EVERYONE, allow

bp = Blueprint("shop_legal", __name__)


@bp.get("/terms")
@allow(EVERYONE)
def terms() -> ResponseReturnValue:
    """Show the terms of use."""
    return _page("terms", version=consents.TEXTS[ConsentKind.TERMS].version)


@bp.get("/privacy")
@allow(EVERYONE)
def privacy() -> ResponseReturnValue:
    """Show the privacy policy (개인정보 보호법 §30)."""
    return _page("privacy", version=consents.TEXTS[ConsentKind.PRIVACY_REQUIRED].version)


@bp.get("/youth")
@allow(EVERYONE)
def youth() -> ResponseReturnValue:
    """Show the youth protection policy."""
    return _page("youth")


@bp.get("/copyright", endpoint="copyright")
@allow(EVERYONE)
def copyright_policy() -> ResponseReturnValue:
    """Show the copyright policy."""
    return _page("copyright")


@bp.get("/accessibility")
@allow(EVERYONE)
def accessibility() -> ResponseReturnValue:
    """Show the accessibility statement."""
    return _page("accessibility")


@bp.get("/coupon-guide")
@allow(EVERYONE)
def coupon_guide() -> ResponseReturnValue:
    """Explain coupons to who never had one."""
    return _page("coupon_guide")


def _page(name: str, **values: object) -> str:
    return render_template(f"shop/legal/{name}.html", **values)
