"""Statements, payouts and reconciliation with enterprises."""
