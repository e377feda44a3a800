"""Files of readings: one module a format. `gman_search.data.read` chooses among them."""
