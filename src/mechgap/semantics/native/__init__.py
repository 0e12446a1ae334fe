"""Programs as machine code: one function runs a graph from its first frame to its last."""
