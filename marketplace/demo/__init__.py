"""The demo district and the embedded services it runs on."""
