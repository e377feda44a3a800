"""Tables of readings of any file format: how cells become numbers and times, and which columns are what."""
