"""How many images had to be copied into channels-last order: in a steady training step, none.

One cotangent that lies in C order makes every convolution behind it slower by the copy, and nobody would see why.
"""


class Copies:
    """Counts for all threads together; where two threads meet, a count may be lost."""

    number = 0
