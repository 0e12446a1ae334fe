"""The very samples of the CLRS benchmark: equal seeds give equal inputs, without the benchmark's package."""
