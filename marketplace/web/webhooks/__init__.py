"""Pages for other systems."""
