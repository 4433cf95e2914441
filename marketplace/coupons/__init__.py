"""Campaigns, budgets per funder, claim, wallet, redemption, reversal."""
