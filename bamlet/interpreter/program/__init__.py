"""Parsed files to a program: the stages in a row, and linking their code so that it can be called."""
