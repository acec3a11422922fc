"""A notifiable disease is entered by a form: a FHIR Questionnaire, its answers, and the records that come of them.

The Questionnaire comes with the package (`notification.json`); an operator may load another under the same `url`. What
an item means is said by its `definition`, so that the words, the order and the options are theirs to change.

    form = Form.bundled()
    response = response(form, {"disease": "A90", "diagnosed": "2026-11-20"}, about)  # a QuestionnaireResponse
    faults = check(form, response, today)                                            # by linkId
    records(form, response, about)                                                   # Encounter, Observation, Condition
"""

from camphora.formats.notification.answers import check, response
from camphora.formats.notification.form import URL, Form, Item, Option
from camphora.formats.notification.records import About, Report, records

__all__ = ["URL", "About", "Form", "Item", "Option", "Report", "check", "records", "response"]
