"""Algorithms on points of the plane: one program, its sampler and what is known of it in each file."""
