"""Algorithms on points of the plane: one program, the sampler of its inputs and what is known of it in each file."""
