"""Trees to code that can be called: names, types, emitted Python; each floor imports from those above it only."""
