"""Products, variants, pictures, notices, stock and its reservations."""
