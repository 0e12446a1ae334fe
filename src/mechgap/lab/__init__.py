"""Experiments: what is run, compared and kept."""
