"""Run PostgreSQL and Valkey from wheels, as children that never outlive us."""
