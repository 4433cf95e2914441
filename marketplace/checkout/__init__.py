"""Cart, quote, placing an order and confirming its payment."""
