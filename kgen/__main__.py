"""`python -m kgen` is the same as `kgen`."""

from kgen.cli import main

main()
