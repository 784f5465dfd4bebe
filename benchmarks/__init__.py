"""One script for each question. A package of its own, since PyArrow 17 installs another one of this name."""
