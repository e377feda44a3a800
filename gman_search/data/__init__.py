"""Traffic readings and sensor graphs: reading them, cutting windows, spatial embeddings, the bundled demo."""
