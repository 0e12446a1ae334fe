"""Programs as parameters of the unmodified network of the CLRS benchmark."""
