"""The shop's pages as tests use them: what can be done there, in a person's words."""
