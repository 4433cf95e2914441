"""The Korean product index and its queries."""
