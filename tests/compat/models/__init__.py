"""Model files written for PyTorch, each with `make()`, a tiny network, and `SHAPE`, of an input.

`STATISTICS = False` says that running statistics are not to be compared.
"""
