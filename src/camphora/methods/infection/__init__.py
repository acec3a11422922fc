"""Infections of care: rates by device, and observed against predicted."""
