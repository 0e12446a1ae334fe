"""The network: one class for compiled and trained weights, its rollouts and its files."""
