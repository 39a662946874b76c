"""Data sets, files, downloads, transforms, batches."""
