"""How many have fallen ill of whom some are not reported yet."""
