"""`python -m pid` is the `pid` command."""

from pid.cli.main import main

main()
