"""Command lines: the parser, groups of options, how a mistake reaches a person. Used by scripts alone."""
