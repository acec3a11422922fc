"""Entering a case that was reported: the law's duty to take a notification reaches one person of the officer's areas,
also one of whom nothing notifiable is kept yet. What is read of them afterwards is notifiable, as all of surveillance.
"""

from __future__ import annotations

GROUND = "notifying"
TYPES = frozenset({"Patient", "Encounter", "Observation", "Condition", "QuestionnaireResponse"})
