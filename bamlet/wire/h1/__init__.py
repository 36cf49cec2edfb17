"""HTTP/1.1 over connections of our own: an `Outgoing` in, an `Answer` out, whose bytes are pushed as they come."""
