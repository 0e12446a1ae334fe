"""Formats of floating point numbers: what each can hold exactly, and where exp is zero."""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class NumberFormat:
    """A binary floating point format.

    Attributes:
        name: as PyTorch calls it.
        bits: of the mantissa, the leading one included.
        smallest: exponent of the smallest number above zero, 2^smallest.
        largest: exponent above all numbers: they are below 2^largest.
    """

    name: str
    bits: int
    smallest: int
    largest: int

    @property
    def exact(self) -> float:
        """Whole numbers up to this are exact."""
        return 2.0**self.bits

    @property
    def no_fraction(self) -> float:
        """From here on there are whole numbers only: adding it rounds."""
        return 2.0 ** (self.bits - 1)

    @property
    def underflow(self) -> float:
        """exp(-x) is zero for x at least this (rounded up to hundredths): below half of the smallest."""
        return math.ceil(-(self.smallest - 1) * math.log(2) * 100) / 100

    @property
    def spare_bits(self) -> int:
        """How fine a real key can be ordered together with an index.

        With keys below R that count 2^s / R indices per unit, four units in the last place of R must stay
        below 2^(bits - 1) indices: s = 2 bits - 3.
        """
        return 2 * self.bits - 3

    def holds(self, value: float) -> bool:
        """Whether a number can be written exactly."""
        if value == 0.0:
            return True
        fraction, exponent = math.frexp(abs(value))
        digits = self.bits if exponent > self.smallest + self.bits else exponent - self.smallest
        return exponent <= self.largest and (fraction * 2.0**digits).is_integer()


FLOAT32 = NumberFormat("float32", 24, -149, 128)
FLOAT64 = NumberFormat("float64", 53, -1074, 1024)
BFLOAT16 = NumberFormat("bfloat16", 8, -133, 128)
FLOAT16 = NumberFormat("float16", 11, -24, 16)
FORMATS = (FLOAT32, FLOAT64, BFLOAT16, FLOAT16)
"""float32 is what programs are compiled for; the others are examined."""
