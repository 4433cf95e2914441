"""Reviews, product questions and review panels."""
