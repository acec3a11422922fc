"""Camphora 樟: an open platform for a country's health data."""

__version__ = "0.1.0"
