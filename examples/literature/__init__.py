"""Claims of papers on gradients, remade: `python -m examples.literature NAME` prints each beside ours."""
