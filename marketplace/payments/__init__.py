"""Payments, refunds and the providers behind one port. Knows no order."""
