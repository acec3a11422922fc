"""Attacks on the pages."""
