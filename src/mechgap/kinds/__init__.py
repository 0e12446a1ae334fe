"""What a value can be: scalar, mask, mask_one, pointer, categorical."""
