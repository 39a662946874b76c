"""PyTorch's model files, run on AutoCNN."""
