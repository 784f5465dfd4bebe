"""A model file -> probabilities."""
