"""Checked functions to the graph of their calls, and to Python.

A check takes only `call_graph` and `effects`. What makes code, `definitions` and all below it, is loaded where
code is wanted.
"""
