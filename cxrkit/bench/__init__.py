"""Benchmark of this machine: how fast it trains, and what it waits for; every figure from one run, on the user's own films."""
