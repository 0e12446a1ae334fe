"""What a program is: variables, expressions, programs, their checker and their printed text."""
