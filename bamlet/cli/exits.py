"""Exit codes of every command."""

OK = 0
FAILED = 1  # the program or a test failed
USAGE = 2  # the command line asks for something that cannot be
SOME_FAILED = 3  # finished, and some rows are in the errors file
LIMIT = 4  # stopped by a limit; the same command goes on
NOTHING = 5  # nothing was selected
BAD_SOURCE = 65  # the source does not compile (EX_DATAERR)
INTERRUPTED = 130  # Ctrl-C
