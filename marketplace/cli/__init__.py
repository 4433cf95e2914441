"""The marketplace command."""
