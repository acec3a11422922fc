"""What the next weeks will bring, as quantiles, from many series at once."""
