"""The circles of people the policy names."""

from __future__ import annotations

from typing import Final

EVERYONE: Final = "everyone"
MEMBER: Final = "member"
SELLER: Final = "seller"
SELLER_OWNER: Final = "seller_owner"
COUNTER: Final = "counter"
STAFF: Final = "staff"
# Authenticated by something else than a session: a signature, a token, the network.
MACHINE: Final = "machine"
SETTLEMENT: Final = "settlement_officer"
# A dong's clerk and a department's buyer carry no figures away.
FIGURES: Final = frozenset({"operator", SETTLEMENT, "approver", "auditor"})
COUPON_FIGURES: Final = FIGURES | {"campaign_manager"}
CAMPAIGN_MANAGERS: Final = frozenset({"campaign_manager"})
CAMPAIGN_READERS: Final = frozenset({"campaign_manager", "approver", "auditor", "operator"})
CAMPAIGN_LOOKERS: Final = frozenset({"campaign_manager", "auditor"})
APPLICATION_READERS: Final = frozenset({"operator", "approver", "auditor"})
DEPOSITS: Final = frozenset({"operator", SETTLEMENT, "auditor"})
