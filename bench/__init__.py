"""Benchmarks: every figure stands beside a yardstick measured in the same run."""
