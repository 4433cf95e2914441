"""Carriers, and the parcels that orders travel in."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from marketplace.core.db import Base
from marketplace.orders.models import Bundle, ClaimCase, Line


class Carrier(Base):
    """One parcel service: how its numbers look and where they are tracked. Edited by the office."""

    __tablename__ = "carrier"

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str] = mapped_column(unique=True)
    # Other names and codes sheets use for it.
    aliases: Mapped[str] = mapped_column(server_default="")
    # A regular expression over the digits of a waybill; none accepts 9 to 14 digits.
    number_pattern: Mapped[str | None]
    # `{no}` stands for the waybill; none when buyers cannot be sent to a page.
    url_template: Mapped[str | None]
    position: Mapped[int]
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))


class ShipmentMethod(StrEnum):
    """How goods reach the buyer."""

    PARCEL = "parcel"
    DIRECT = "direct"
    PICKUP = "pickup"


class Shipment(Base):
    """What left an enterprise at once for one buyer: some lines of a bundle, or an exchange."""

    __tablename__ = "shipment"
    __table_args__ = (
        CheckConstraint(
            "(method = 'parcel') = (carrier_code IS NOT NULL AND waybill IS NOT NULL)",
            name="parcels_have_a_waybill",
        ),
        Index(
            "ix_shipment_travelling",
            "tracked_at",
            postgresql_where=text("delivered_at IS NULL AND method = 'parcel'"),
        ),
        Index("ix_shipment_waybill", "waybill"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    bundle_id: Mapped[int] = mapped_column(ForeignKey(Bundle.id), index=True)
    # The exchange it is sent for.
    claim_case_id: Mapped[int | None] = mapped_column(ForeignKey(ClaimCase.id), index=True)
    method: Mapped[ShipmentMethod]
    carrier_code: Mapped[str | None] = mapped_column(ForeignKey(Carrier.code))
    waybill: Mapped[str | None]
    shipped_at: Mapped[datetime]
    delivered_at: Mapped[datetime | None]
    # When the carrier was last asked, and what it said.
    tracked_at: Mapped[datetime | None]
    last_event: Mapped[str | None]


class ShipmentLine(Base):
    """How many pieces of one line are in a shipment."""

    __tablename__ = "shipment_line"
    __table_args__ = (CheckConstraint("quantity > 0", name="quantity_positive"),)

    shipment_id: Mapped[int] = mapped_column(ForeignKey(Shipment.id), primary_key=True)
    line_id: Mapped[int] = mapped_column(ForeignKey(Line.id), primary_key=True, index=True)
    quantity: Mapped[int]
