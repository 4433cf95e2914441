"""Preferential purchase targets of departments and dong."""
