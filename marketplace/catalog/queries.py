"""Reads of the catalogue."""

from __future__ import annotations

from marketplace.catalog.buyables import Buyable, ShippingTerms, list_buyable, zone_of

__all__ = ["Buyable", "ShippingTerms", "list_buyable", "zone_of"]
