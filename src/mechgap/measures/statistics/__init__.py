"""What figures of several seeds allow to say: correlations, differences, equivalence, power."""
