"""Tests of the ops: one table of cases, one engine of checks over it, and what is special to a few."""
