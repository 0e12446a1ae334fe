"""Network families that programs are compiled to."""
