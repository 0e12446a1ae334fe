"""How far a network is from an algorithm: scores computed from traces, each with its interval."""
