"""Turn a price into what is frozen on an order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from marketplace.accounts.secrets import hash_secret
from marketplace.checkout.cart import Owner
from marketplace.checkout.order_form import SELLER_CONSENT_VERSION, OrderForm
from marketplace.checkout.pricing import AppliedCoupon, Priced
from marketplace.core.money import Won
from marketplace.coupons.offers import FunderKind
from marketplace.orders.placement import BundleDraft, LineDraft, OrderDraft, ShareDraft
from marketplace.payments.models import ProviderCode


def draft_order(
    *,
    owner: Owner,
    attempt_key: str,
    sheet: OrderForm,
    priced: Priced,
    provider: ProviderCode,
    expires_at: datetime,
) -> OrderDraft:
    """Return the order's own row."""
    is_guest = owner.person_id is None
    return OrderDraft(
        attempt_key=attempt_key,
        person_id=owner.person_id,
        guest_password_hash=hash_secret(sheet.guest_password) if is_guest else None,
        provider=provider.value,
        buyer_name=sheet.buyer_name,
        buyer_phone=sheet.buyer_phone,
        buyer_email=sheet.buyer_email,
        recipient_name=sheet.recipient_name,
        recipient_phone=sheet.recipient_phone,
        zip_code=sheet.zip_code,
        road_address=sheet.road_address,
        address_detail=sheet.address_detail,
        delivery_memo=sheet.delivery_memo,
        seller_consent_version=SELLER_CONSENT_VERSION,
        gross_total=priced.gross_total,
        shipping_total=priced.shipping_total,
        coupon_total=priced.coupon_total,
        expires_at=expires_at,
    )


def draft_bundles(priced: Priced, redemptions: Mapping[int, int]) -> list[BundleDraft]:
    """Return the bundles with their lines; `redemptions` maps coupons to their uses."""
    return [
        BundleDraft(
            enterprise_id=bundle.enterprise_id,
            shipping_policy_id=bundle.terms.id,
            shipping_fee=bundle.shipping.fee,
            surcharge=bundle.shipping.surcharge,
            shipping_discount=bundle.shipping.coupon_amount,
            lines=tuple(_line(priced, position, redemptions) for position in bundle.members),
            shipping_shares=_shares(
                priced.applied, [applied.shipping[i] for applied in priced.applied], redemptions
            ),
        )
        for i, bundle in enumerate(priced.bundles)
    ]


def _line(priced: Priced, position: int, redemptions: Mapping[int, int]) -> LineDraft:
    wanted = priced.goods[position]
    buyable = wanted.buyable
    shares_by_coupon = [applied.lines[position] for applied in priced.applied]
    enterprise_funded = sum(
        share
        for applied, shares in zip(priced.applied, shares_by_coupon, strict=True)
        for grant, share in zip(applied.coupon.grants, shares, strict=True)
        if grant.funder_kind is FunderKind.ENTERPRISE
    )
    return LineDraft(
        product_id=buyable.product_id,
        variant_id=buyable.variant_id,
        product_name=buyable.product_name,
        option_label=buyable.option_label,
        designation_kinds=tuple(kind.value for kind in buyable.designation_kinds),
        unit_price=buyable.unit_price,
        quantity=wanted.quantity,
        coupon_amount=priced.line(position).coupon_amount,
        enterprise_funded=Won(enterprise_funded),
        tax_kind=buyable.tax_kind,
        commission_bps=buyable.commission_bps,
        shares=_shares(priced.applied, shares_by_coupon, redemptions),
    )


def _shares(
    applied: Sequence[AppliedCoupon],
    amounts: Sequence[Sequence[Won]],
    redemptions: Mapping[int, int],
) -> tuple[ShareDraft, ...]:
    return tuple(
        ShareDraft(
            redemption_id=redemptions[coupon.coupon.coupon_id],
            grant_id=grant.grant_id,
            amount=amount,
        )
        for coupon, by_grant in zip(applied, amounts, strict=True)
        for grant, amount in zip(coupon.coupon.grants, by_grant, strict=True)
        if amount
    )
