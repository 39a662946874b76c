"""The laws of the house, each a function from a repository's root to a list of complaints.

Each law is applied to this repository, and to a small one with a planted violation that it must find.
"""
