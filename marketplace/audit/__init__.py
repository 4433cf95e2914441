"""Who did what to what, and who looked at whose personal data."""
