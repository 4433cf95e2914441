"""What the demo district consists of, before it is written anywhere."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from marketplace.core.money import Won


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """A still life: what stands on which table, and how it is arranged."""

    hero: str
    second: str
    tint: str
    arrangement: int

    @property
    def key(self) -> str:
        """Return a name that two scenes share only when they look the same."""
        return f"{self.hero}.{self.second}.{self.tint}.{self.arrangement}"


@dataclass(frozen=True, kw_only=True, slots=True)
class PictureSeed:
    """One picture and the words for those who do not see it."""

    scene: Scene
    alt: str


@dataclass(frozen=True, kw_only=True, slots=True)
class CategorySeed:
    """One node of the category tree; tops have no parent."""

    slug: str
    name: str
    parent: str | None
    notice_kind: str


@dataclass(frozen=True, kw_only=True, slots=True)
class DesignationSeed:
    """One certification of an enterprise."""

    kind: str
    number: str
    authority: str
    granted_on: date
    expires_on: date | None


@dataclass(frozen=True, kw_only=True, slots=True)
class ShippingSeed:
    """How an enterprise ships."""

    name: str
    kind: str
    fee: Won
    free_over: Won | None
    fee_per_units: int | None
    jeju_surcharge: Won
    island_surcharge: Won
    return_fee: Won


@dataclass(frozen=True, kw_only=True, slots=True)
class EnterpriseSeed:
    """One social enterprise with everything its page shows."""

    slug: str
    name: str
    leaf: str
    tagline: str
    story: str
    representative: str
    business_number: str
    mail_order_number: str
    phone: str
    email: str
    zip_code: str
    road_address: str
    address_detail: str
    dong_code: str
    joined_on: date
    accepts_counter_coupons: bool
    commission_bps: int
    designations: tuple[DesignationSeed, ...]
    shipping: ShippingSeed
    picture: PictureSeed


@dataclass(frozen=True, kw_only=True, slots=True)
class VariantSeed:
    """One buyable combination of options and what is left of it today."""

    option_values: tuple[str, ...]
    price_difference: Won
    left: int


@dataclass(frozen=True, kw_only=True, slots=True)
class ProductSeed:
    """One product with everything its page shows."""

    number: int
    enterprise: str
    leaf: str
    name: str
    summary: str
    story: str
    consumer_price: Won
    price: Won
    tax_kind: str
    origin: str
    lead_days: int
    is_gift: bool
    tags: tuple[str, ...]
    option_names: tuple[str, ...]
    variants: tuple[VariantSeed, ...]
    notice: dict[str, str]
    pictures: tuple[PictureSeed, ...]
    published_at: datetime
    # How often it is put into a basket, compared with the others.
    weight: int


@dataclass(frozen=True, kw_only=True, slots=True)
class AddressSeed:
    """Where somebody lives."""

    zip_code: str
    road_address: str
    address_detail: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ResidentSeed:
    """One resident who signed up."""

    name: str
    email: str
    phone: str
    birth_on: date
    dong_code: str
    address: AddressSeed
    joined_at: datetime
    takes_marketing: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class StaffSeed:
    """One member of the office."""

    role: str
    name: str
    email: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ItemSeed:
    """Some pieces of one variant of one product, both by position."""

    product: int
    variant: int
    quantity: int


@dataclass(frozen=True, kw_only=True, slots=True)
class OrderSeed:
    """One order of one resident and what became of it."""

    number: str
    buyer: int
    ordered_at: datetime
    paid_after_minutes: int
    provider: str
    method: str
    memo: str
    items: tuple[ItemSeed, ...]
    # Position of the campaign whose coupon the buyer uses, when it fits.
    campaign: int | None
    # "unpaid", "canceled" (all of it), "one_canceled" (the first line) or "kept".
    fate: str


@dataclass(frozen=True, kw_only=True, slots=True)
class ReviewSeed:
    """What a buyer says of one item of an order."""

    order: int
    item: int
    rating: int
    body: str
    days_after: int


@dataclass(frozen=True, kw_only=True, slots=True)
class QuestionSeed:
    """A question about a product, with its answer."""

    product: int
    asker: int
    body: str
    answer: str | None
    asked_at: datetime


@dataclass(frozen=True, kw_only=True, slots=True)
class GrantSeed:
    """Money of one funder for the coupons."""

    funder: str
    name: str
    account_code: str
    ceiling: Won
    share_bps: int


@dataclass(frozen=True, kw_only=True, slots=True)
class CampaignSeed:
    """One coupon drive, paid by two grants."""

    slug: str
    name: str
    summary: str
    amount: Won
    min_order: Won
    cap: int
    starts_at: datetime
    ends_at: datetime
    valid_until: datetime
    channel: str
    grants: tuple[GrantSeed, ...]
    # How many residents took a coupon and still keep it, besides those who spent it.
    kept: int


@dataclass(frozen=True, kw_only=True, slots=True)
class District:
    """The whole demo district."""

    categories: tuple[CategorySeed, ...]
    enterprises: tuple[EnterpriseSeed, ...]
    products: tuple[ProductSeed, ...]
    residents: tuple[ResidentSeed, ...]
    staff: tuple[StaffSeed, ...]
    departments: tuple[str, ...]
    campaigns: tuple[CampaignSeed, ...]
    orders: tuple[OrderSeed, ...]
    reviews: tuple[ReviewSeed, ...]
    questions: tuple[QuestionSeed, ...]
