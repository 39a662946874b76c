"""The tests: the same tree as the library, and the laws of the house."""
