"""What stages tell each other: symbols, tables of types, signatures of builtins, and a program as plain data."""
