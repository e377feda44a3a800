"""What the report says, as plain values: pure functions of the study's record."""
