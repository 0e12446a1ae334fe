"""Conventional training: the network class that the compiler fills, fitted to traces by gradient descent."""
