"""Tasks, one module per domain."""
