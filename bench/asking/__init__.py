"""What is asked and how, all of it prepared ahead; the generator that asks, and what it counts."""
