"""More videos than one machine reads: a folder of tables, filled by the workers of a Ray cluster."""
