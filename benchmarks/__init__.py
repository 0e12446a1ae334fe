"""Speed and memory of the package: `python -m benchmarks --help`."""
