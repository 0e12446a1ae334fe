"""Random inputs, with the distributions of the CLRS benchmark and others."""
