"""Senaru Market: the marketplace and coupon platform of a district's social enterprises."""
