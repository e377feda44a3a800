"""Files written completely or not at all, and named arrays in them."""
