"""What a declaration says beside its types: clients, retry policies, tests, generators, attributes."""
