"""A generic double-entry book. Knows no order and no coupon."""
