"""Names to what they stand for: items to symbols, types to the algebra, and every use back to its declaration."""
