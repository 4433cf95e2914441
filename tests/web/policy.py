"""
Who may reach which endpoint: written by hand and compared with the application (S1).

A new endpoint is added here by whoever adds it; a missing one fails the tests.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

EVERYONE: Final = "everyone"
MEMBER: Final = "member"
SELLER: Final = "seller"
STAFF: Final = "staff"
# Authenticated by something else than a session: a signature, a token, the network.
MACHINE: Final = "machine"
SETTLEMENT: Final = "settlement_officer"
# A dong's clerk and a department's buyer carry no figures away.
FIGURES: Final = frozenset({"operator", SETTLEMENT, "approver", "auditor"})
COUPON_FIGURES: Final = FIGURES | {"campaign_manager"}
DEPOSITS: Final = frozenset({"operator", SETTLEMENT, "auditor"})

# Open to whoever has what they are about in their browser; others are led to the sign-in page.
MAY_ASK_TO_SIGN_IN: Final = frozenset({"shop_checkout.sign_in", "shop_orders.done"})

POLICY: Final[Mapping[str, str | frozenset[str]]] = {
    "static": EVERYONE,
    # machines
    "ops.healthz": MACHINE,
    "ops.readyz": MACHINE,
    "ops.metrics": MACHINE,
    # verified facts
    "shop_verification.show": MEMBER,
    "shop_verification.ask": MEMBER,
    "shop_verification.start_identity": MEMBER,
    "shop_verification.answer_identity": MEMBER,
    "office_verifications.index": frozenset({"operator", "dong_clerk", "auditor"}),
    "office_verifications.decide": frozenset({"operator", "dong_clerk"}),
    "office_verifications.record": frozenset({"operator", "dong_clerk"}),
    # the shop everybody sees
    "shop_home.show": EVERYONE,
    "shop_products.index": EVERYONE,
    "shop_products.show": EVERYONE,
    "shop_products.suggest": EVERYONE,
    "shop_enterprises.index": EVERYONE,
    "shop_enterprises.show": EVERYONE,
    "shop_coupons.index": EVERYONE,
    "shop_products.total": EVERYONE,
    "shop_coupons.left": EVERYONE,
    "shop_feeds.robots": EVERYONE,
    "shop_feeds.rss": EVERYONE,
    "shop_feeds.sitemap": EVERYONE,
    "shop_pictures.show": EVERYONE,
    "shop_display.settings": EVERYONE,
    "shop_legal.terms": EVERYONE,
    "shop_legal.privacy": EVERYONE,
    "shop_legal.youth": EVERYONE,
    "shop_legal.copyright": EVERYONE,
    "shop_legal.accessibility": EVERYONE,
    "shop_legal.coupon_guide": EVERYONE,
    # only in the demo district is there anything to see
    "shop_mailbox.index": EVERYONE,
    "shop_mailbox.show": EVERYONE,
    # buying, also as a guest; orders and payments open to their own browser alone
    "shop_cart.show": EVERYONE,
    "shop_cart.add": EVERYONE,
    "shop_cart.change": EVERYONE,
    "shop_cart.remove": EVERYONE,
    "shop_cart.select": EVERYONE,
    "shop_cart.accept_prices": EVERYONE,
    "shop_cart.put_coupons": MEMBER,
    "shop_checkout.show": EVERYONE,
    "shop_checkout.priced": EVERYONE,
    "shop_checkout.place": EVERYONE,
    "shop_checkout.sign_in": EVERYONE,
    "shop_checkout.put_coupons": MEMBER,
    "shop_payment.show": EVERYONE,
    "shop_payment.start": EVERYONE,
    "shop_payment.confirm": EVERYONE,
    "shop_payment.check": EVERYONE,
    "shop_payment.stop": EVERYONE,
    "shop_payment.returned": EVERYONE,
    "webhooks_stripe.receive": MACHINE,
    "shop_orders.done": EVERYONE,
    "shop_orders.index": MEMBER,
    "shop_orders.show": MEMBER,
    "shop_orders.pay": MEMBER,
    "shop_orders.cancel_sheet": MEMBER,
    "shop_orders.cancel": MEMBER,
    "shop_orders.cancel_unpaid": MEMBER,
    "shop_guest_orders.look_up": EVERYONE,
    "shop_guest_orders.find": EVERYONE,
    "shop_guest_orders.show": EVERYONE,
    "shop_guest_orders.pay": EVERYONE,
    "shop_guest_orders.cancel_sheet": EVERYONE,
    "shop_guest_orders.cancel": EVERYONE,
    "shop_guest_orders.cancel_unpaid": EVERYONE,
    # coming in and going out
    "shop_sign_in.show": EVERYONE,
    "shop_sign_in.begin": EVERYONE,
    "shop_sign_up.show": EVERYONE,
    "shop_sign_up.join": EVERYONE,
    "shop_sign_up.sent": EVERYONE,
    "shop_sign_up.send_again": EVERYONE,
    "shop_sign_up.confirm": EVERYONE,
    "shop_sign_up.confirmed": EVERYONE,
    "shop_password.ask": EVERYONE,
    "shop_password.send": EVERYONE,
    "shop_password.sent": EVERYONE,
    "shop_password.choose": EVERYONE,
    "shop_password.reset": EVERYONE,
    "shop_second_factor.show": EVERYONE,
    "shop_second_factor.verify": EVERYONE,
    "shop_sign_out.end": EVERYONE,
    # the member's own
    "shop_sign_out.end_everywhere": MEMBER,
    "shop_second_factor.begin": MEMBER,
    "shop_second_factor.confirm": MEMBER,
    "shop_second_factor.renew": MEMBER,
    "shop_second_factor.recovery_codes": MEMBER,
    "shop_password.change": MEMBER,
    "shop_password.changed": MEMBER,
    "shop_my.show": MEMBER,
    "shop_my.details": MEMBER,
    "shop_my.change_details": MEMBER,
    "shop_addresses.index": MEMBER,
    "shop_addresses.new": MEMBER,
    "shop_addresses.add": MEMBER,
    "shop_addresses.edit": MEMBER,
    "shop_addresses.change": MEMBER,
    "shop_addresses.make_default": MEMBER,
    "shop_addresses.remove": MEMBER,
    "shop_consents.index": MEMBER,
    "shop_consents.give": MEMBER,
    "shop_consents.withdraw": MEMBER,
    "shop_withdrawal.show": MEMBER,
    "shop_withdrawal.leave": MEMBER,
    "shop_coupons.claim": MEMBER,
    "shop_wallet.index": MEMBER,
    "shop_inbox.index": MEMBER,
    "shop_inbox.read": MEMBER,
    "shop_wishes.index": MEMBER,
    "shop_wishes.put": MEMBER,
    # the enterprises' desk
    "seller_home.show": SELLER,
    # the office's desk
    "office_home.show": STAFF,
    "office_home.sales_csv": FIGURES,
    "office_home.grants_csv": COUPON_FIGURES,
    "office_home.ranked_csv": FIGURES,
    "office_home.campaigns_csv": COUPON_FIGURES,
    "office_deposits.index": DEPOSITS,
    "office_deposits.upload": SETTLEMENT,
    "office_deposits.settle": SETTLEMENT,
    "office_deposits.settle_proposed": SETTLEMENT,
    "office_deposits.record_transfer": SETTLEMENT,
    "office_deposits.resolve": SETTLEMENT,
}
