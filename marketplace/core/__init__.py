"""The shared kernel: database, outbox, money, time, errors, settings. No business words."""
