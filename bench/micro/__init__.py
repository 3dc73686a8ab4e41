"""Small measurements of single parts, for those who change them; what a node does as a whole is measured by `idis bench`."""
