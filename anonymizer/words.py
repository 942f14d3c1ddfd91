"""What columns are called, in the languages of Europe's schemas: the words that suggest a mask, or none."""

from __future__ import annotations

import re

NAMES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (mask, re.compile(pattern))
    for mask, pattern in (
        ("email", r"e_?mail|(^|_)mail($|_)|correo|courriel"),
        ("user_agent", r"user_?agent|(^|_)browser($|_)"),
        ("mac", r"(^|_)mac($|_)|mac_?addr|hw_?addr"),
        ("ip", r"(^|_)ip($|_|v[46]|addr)|remote_addr|client_addr"),
        ("user_name", r"(^|_)(user_?name|log_?in|nick_?name|handle|screen_?name|usuario|benutzername)$"),
        ("password", r"passw(or)?d|(^|_)pwd($|_)|pass_?hash|contrasen|kennwort|mot_de_passe"),
        ("token", r"token|secret|api_?key|(^|_)session(_?id|_?key)($|_)|(^|_)(otp|nonce|cookie|device_?id)($|_)"),
        ("iban", r"(^|_)iban($|_)|bank_?account|account_?(no|number)"),
        ("card", r"card_?(no|num|number)|credit_?card|(^|_)pan$"),
        (
            "national_id",
            r"(^|_)(ssn|nir|dni|nie|nif|cpf|curp|bsn|pesel|tin|nino|tax_?id|tax_?code|fiscal_?code|national_?id"
            r"|codice_?fiscale|personal_?(no|number|id)|personnummer|id_?card|passport(_?no|_?number)?)($|_)",
        ),
        ("birth_date", r"birth|(^|_)dob($|_)|nascita|geburt|naissance|nacimiento"),
        ("first_name", r"first_?name|given_?name|fore_?name|middle_?name|(^|_)nome$|vorname|prenom|(^|_)voornaam"),
        ("last_name", r"last_?name|sur_?name|family_?name|maiden_?name|cognome|nachname|apellido|achternaam"),
        ("phone", r"phone|mobile|(^|_)tel($|_)|(^|_)fax($|_)|cell(ulare)?($|_)|telefo|(^|_)(msisdn|whats_?app)($|_)"),
        ("company", r"company|employer|organi[sz]ation(_name)?$|azienda|(^|_)(firm|firma|entreprise|empresa)($|_)"),
        ("postcode", r"post_?(al_?)?code|(^|_)zip|(^|_)(cap|plz|cp)$|code_?postal"),
        ("address", r"address|(^|_)addr|indirizzo|(^|_)(adresse|direccion|anschrift)"),
        ("street", r"street|(^|_)(via|rue|strasse|calle|house_?(no|number))$"),
        ("city", r"(^|_)(city|town|citta|ville|ciudad|ort|stadt|village|suburb)($|_)|billing_?city"),
        ("country", r"(^|_)(country|nation(ality)?|citizenship|paese|pays|land)($|_)"),
        ("job", r"(^|_)(job|occupation|profession|job_?title|position_?title)($|_)"),
        ("url", r"(^|_)(url|uri|website|homepage|link|avatar|referr?er|linkedin|facebook|twitter)($|_)"),
        (
            "name",
            r"full_?name|display_?name|legal_?name|contact_?name|ragione_sociale|(^|_)(signatory|cardholder)$"
            r"|(customer|person|author|owner|member|patient|employee|user|guest|account_?holder|sender|recipient)_?name",
        ),
        (
            "text",
            r"note|comment|description|message|(^|_)(body|bio|biography|subject|remarks?|memo|about|feedback)($|_)",
        ),
    )
)

SENSITIVE = re.compile(
    r"(^|_)(gender|sex|religion|faith|race|ethnic(ity)?|sexual_?orientation|marital(_status)?|disabilit(y|ies)"
    r"|diagnos(is|es)|health|blood(_type|_group)?|politic(s|al.*)|party_membership|union_member(ship)?|pregnan(t|cy)"
    r"|allerg(y|ies)|criminal.*|convictions?|medical.*|genetic.*|biometric.*)($|_)"
)
"""Traits of people, most of them of the special categories of GDPR, Article 9: nobody guesses there."""

HARMLESS = re.compile(
    r"(^|_)(status|type|kind|category|currency|lang(uage)?|locale|time_?zone|tz|priority|level|tier|plan|channel"
    r"|platform|version|format|method|unit|rating|colou?r|size|mime(_?type)?|sku|slug|stage|phase|severity|event"
    r"|event_?name|action|flag|feature|role|permission|scope|source|table_?name|schema_?name|checksum)s?$"
)
"""What a column is called that says what kind of thing a row is."""

PEOPLE_TABLES = re.compile(
    r"(^|_)(users?|customers?|clients?|people|persons?|contacts?|employees?|staff|members?|patients?|authors?|owners?"
    r"|accounts?|profiles?|leads?|subscribers?|students?|teachers?|doctors?|guests?|actors?|candidates?"
    r"|applicants?|drivers?|tenants?|beneficiar(y|ies)|utenti|clienti|kunden|personen)$"
)
"""Tables whose rows are people; their `name` is somebody's."""

COARSE = re.compile(r"(^|_)(state|province|provincia|region|regione|district|county|kanton|bundesland|departement)$")
"""The part of an address that many share."""

HARMLESS_TABLES = re.compile(
    r"(.*_)?(genres?|categor(y|ies)|languages?|media_?types?|roles?|permissions?|currenc(y|ies)|plans?|status(es)?"
    r"|types?|kinds?|units?|colou?rs?|features?|feature_flags?)"
)
"""Tables that list kinds of things."""
