"""The proof that this machine's GPUs train as the processor does."""
