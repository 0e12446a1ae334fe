"""What a program means: batches of inputs, the interpreter, and the traces it leaves."""
