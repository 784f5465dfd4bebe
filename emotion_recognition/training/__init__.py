"""The data folder -> a trained network."""
