"""Records and pure rules: no input or output, no framework."""
