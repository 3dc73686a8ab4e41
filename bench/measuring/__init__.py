"""What is done with the questions: a first pass, rounds, the kernel watched meanwhile, the search for the knee."""
