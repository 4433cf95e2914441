"""Pages for the district's desk."""
