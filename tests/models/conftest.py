"""PyTorch's definitions of published networks hold no tests, and are not searched for any: it may not be there."""

collect_ignore = ["published.py", "twins.py"]
