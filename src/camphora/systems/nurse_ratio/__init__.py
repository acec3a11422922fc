"""三班護病比: the nurse–patient ratio by shift."""
