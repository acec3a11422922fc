"""Attacks on what explains and proves: decisions explained, certificates of choices, legal bases.

An administrator may learn by an explanation that a choice exists: that is the duty, and it leaves a receipt that the
person sees. Nobody else learns anything, and a certificate is only the person's own.
"""

from leak.attacks import CLAIMS, attack

CERTIFICATES = ("citizen.certificates", "citizen.certificate", "citizen.certificate.proof")
REASON = "依法執行職務，需調閱紀錄"


@attack(
    ("gate.explain",),
    "status",
    "error-text",
    "claim",
    "purpose",
    by=("other", "pharmacist", "stranger", "analyst", "officer"),
)
def by_having_a_decision_about_her_explained(client, her):
    for kind, name in (("Patient", her.id), her.records[0], her.records[-1]):
        for reader in ("other", "welcome", her.id):
            asked = {"reader": reader, "purpose": "TREAT", "record": f"{kind}/{name}"}
            yield client.get("/gate/explain", params=asked)
            yield client.get("/gate/explain", params=asked, headers=CLAIMS[0])
    yield client.get("/gate/explain", params={"reader": her.name, "purpose": "HRESCH", "record": her.number})


@attack(CERTIFICATES, "status", "claim", by=("stranger",))
def by_asking_for_certificates_of_others(client, her):
    for number in range(12):
        for path in (f"/me/certificates/{number}", f"/me/certificates/{number}/proof.json"):
            yield client.get(path)
            yield client.get(path, params={"for": her.id})
    for name in ("for", "person", "patient"):
        yield client.get("/me/certificates", params={name: her.id})
        yield client.get("/me/choices", params={name: her.id})
        yield client.get("/me/choices/stop", params={name: her.id})


@attack(CERTIFICATES, "nobody", by=("nobody",))
def by_nobody_asking_for_certificates(client, her):
    for path in ("/me/certificates", "/me/certificates/1", "/me/certificates/1/proof.json"):
        yield client.get(path, params={"for": her.id})


@attack(("clinic.patient", "clinic.record"), "claim", by=("other",))
def by_naming_a_legal_basis_that_is_not_in_force(client, her):
    for number in ("1", "0", "999999999999999", "x"):
        yield client.get(f"/patients/{her.id}", params={"basis": number})
        yield client.get(f"/records/Patient/{her.id}", params={"basis": number})
    form = {"csrf": client.csrf, "basis": "medical-care-referral", "purpose": "TREAT", "reason": REASON}
    yield client.post("/bases", data={**form, "since": "2026-01-01", "until": "2099-01-01"})
