"""From programs to weights: lower, schedule into rounds, lay out, emit, check."""
