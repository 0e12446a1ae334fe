"""Whether answers are right, where a problem has several right ones."""
