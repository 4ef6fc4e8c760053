"""`python -m zdcsim` is the `zdcsim` command."""

from zdcsim.cli.main import main

main()
