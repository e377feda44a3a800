"""Where workers run: as processes of this machine, or as tasks on a Ray cluster."""
