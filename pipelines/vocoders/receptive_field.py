"""The receptive field of a convolutional generator, computed from its output back to its input."""

from __future__ import annotations


class ReceptiveField:
    """Positions on each side that one output depends on, at the current rate. Starts at the output with 0."""

    def __init__(self) -> None:
        self.positions = 0

    def add_convolution(self, kernel: int, dilation: int = 1) -> ReceptiveField:
        """Pass a centred convolution of odd size."""
        self.positions += (kernel - 1) // 2 * dilation
        return self

    def add_positions(self, positions: int) -> ReceptiveField:
        """Pass a block with this receptive field."""
        self.positions += positions
        return self

    def add_upsampling(self, kernel: int, stride: int, padding: int) -> ReceptiveField:
        """Pass a transposed convolution: output n sums inputs i with n = i × stride − padding + 0 … kernel − 1.

        Counts the longer of the two sides, for the worst of the `stride` outputs of an input.
        """
        back = (self.positions + kernel - 1 - padding) // stride
        ahead = (self.positions + stride - 1 + padding) // stride
        self.positions = max(back, ahead)
        return self
