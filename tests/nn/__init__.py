"""Modules, containers, layers, first values."""
