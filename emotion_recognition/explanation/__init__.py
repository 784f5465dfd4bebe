"""Which parts of a face decide."""
