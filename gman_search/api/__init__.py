"""What Python and the command line call to search and to look at studies: see `gman_search.search`."""
