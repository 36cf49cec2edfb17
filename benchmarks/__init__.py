"""What bamlet costs, beside the same work done by hand in the same run. Never a test."""
