"""Signals of harm in reports of what happened after a drug, a vaccine or a device."""
