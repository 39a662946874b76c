"""AutoCNN: train convolutional networks, see the graph that training runs, study how gradients flow."""
