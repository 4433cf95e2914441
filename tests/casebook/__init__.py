"""The casebook: worked examples of the product's arithmetic, and the adapter that answers them."""
