"""Scans: where, and since when, are there more cases together than chance would put there?"""
