"""Model files written for PyTorch hold no tests, and are not searched for any: PyTorch may not be there."""

collect_ignore_glob = ["models/*.py"]
