"""How far a sample of a convolutional generator looks, walked from its output back to its input."""

from __future__ import annotations


class Reach:
    """Positions to either side that one output depends on, at the current rate. Start at the output with 0."""

    def __init__(self) -> None:
        self.positions = 0

    def through(self, kernel: int, dilation: int = 1) -> Reach:
        """Behind a centred convolution of odd size."""
        self.positions += (kernel - 1) // 2 * dilation
        return self

    def plus(self, positions: int) -> Reach:
        """Behind a block that is known to look this far."""
        self.positions += positions
        return self

    def up(self, kernel: int, stride: int, padding: int) -> Reach:
        """Before a transposed convolution: output n is made of inputs i with n = i × stride − padding + 0 … kernel − 1.

        The longer of the two sides, from whichever of the `stride` outputs of an input hears furthest.
        """
        back = (self.positions + kernel - 1 - padding) // stride
        ahead = (self.positions + stride - 1 + padding) // stride
        self.positions = max(back, ahead)
        return self
