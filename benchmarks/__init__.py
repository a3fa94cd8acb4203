"""What the gate costs a request. `benchmarks/README.md` says how to run it."""
