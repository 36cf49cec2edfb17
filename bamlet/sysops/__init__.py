"""Native operations: one function each, registered under the name of its stub in the library."""
