"""What the house costs beside a floor or a peer, measured in one run. `benchmarks/README.md` says how to run it."""
