"""Orders, bundles, lines, their states and claim cases."""
