"""Message kinds, rendering and delivery."""
