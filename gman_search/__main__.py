"""`python -m gman_search` is `gman-search`."""

from gman_search.cli.main import main

main()
