"""What is read from finished rounds: figures, whether they may be believed, comparisons, text, page and files."""
