"""People: sign-in, consents, roles, departments and dong."""
