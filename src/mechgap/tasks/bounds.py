"""How large the numbers in inputs may be, where nothing else bounds them."""

LARGEST_KEY = 500
"""Largest size of a key. Compiled networks tell keys apart that differ by n R 2^-45, with R the power of two
above twice this: at n = 2^11 that is 2^-24, the distance of float32 numbers just below 1. Larger keys would
be ordered less exactly."""
