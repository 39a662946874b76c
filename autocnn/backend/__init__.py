"""Where arrays live, and how the heavy work is done on them."""
