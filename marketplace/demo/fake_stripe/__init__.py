"""A stand-in for Stripe's API, for the demo and the tests: same wire, no money."""
