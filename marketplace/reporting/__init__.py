"""Read-only numbers across all domains."""
