"""What a client, a retry policy and a timeout may be told: one table for checker, providers and documentation.

Pure facts: nothing here reads a program or builds a request.
"""
