"""What a worker answers by itself, and how it passes on the rest to its leader."""
