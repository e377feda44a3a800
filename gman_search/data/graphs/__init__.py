"""Sensor graphs: one module a kind of file. `gman_search.data.graph` chooses among them."""
