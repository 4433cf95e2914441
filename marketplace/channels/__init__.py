"""Sales channels and the one book of sales."""
