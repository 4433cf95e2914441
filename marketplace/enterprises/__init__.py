"""The registry of social enterprises: designations, profile, members."""
