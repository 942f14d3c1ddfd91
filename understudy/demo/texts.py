"""What people and machines write: sentences with somebody's name in one place and contact in another.

Some hold what breaks careless code: newlines, tabs, backslashes, quotes, the end marker of COPY, and non-ASCII.
"""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from understudy.demo.dice import Dice

NOTES = (
    "Ha chiamato {name}: preferisce essere ricontattato al {contact} dopo le 18.",
    "{name} chiede la fattura intestata alla ditta.\nInviarla a {contact}.",
    'Spoke to {name} ("very happy"), best reached at {contact}.',
    "Importato da C:\\clienti\\archivio.csv\tnome={name}\ttel={contact}",
    "Kunde {name} möchte gekündigt werden; Rückruf unter {contact} – bitte höflich bleiben!",
    "L'utente {name} non riceve le e-mail.\n\\.\nProvare con {contact}.",
    "Appelé {name} à {contact} : rappeler après l'été, c'est noté.",
    "{name} / {contact} / 100% soddisfatto; \\N non è un valore ☎",
)

REMINDERS = (
    "Ciao {name}, il tuo piano ti aspetta. Rispondi qui o scrivici: {contact} è il recapito che abbiamo.",
    "Gentile {name},\n\nti ricordiamo i compiti di questa settimana.\n\nNon sei tu a usare {contact}? Avvisaci.",
    "Hi {name}! Your weekly digest is ready. Sent to {contact}.",
    "Liebe/r {name}, dein Plan läuft morgen ab. Diese Nachricht ging an {contact}.",
)

INVITATIONS = (
    "Benvenuto {name}! Il prossimo passo ti prende due minuti. Ti abbiamo scritto a {contact}.",
    "Welcome {name}, one more step and you are set. We wrote to {contact}.",
    "Caro {name},\nmanca poco: completa il passo e cominciamo. (Recapito: {contact})",
)

TASKS = (
    "Sentire {name} al {contact}",
    "Scrivere a {name}: {contact}\n- preventivo\n- date\n- l'indirizzo",
    "Call {name} on {contact}, then file under \\archive\\2025",
    "Chiedere a {name} se {contact} è ancora valido",
)

GOALS = (
    "Arrivare a dieci clienti con l'aiuto di {name} ({contact})",
    "Organizzare il trasloco; referente {name}, {contact}",
    "Learn Italian with {name} twice a week. Contact: {contact}",
)

AUDIT = (
    "{name} signed in with {contact}",
    "Password of {name} <{contact}> changed",
    "Sign-in of {name} refused: wrong password for {contact}",
    "Data of {name} exported and sent to {contact}",
)

PLAN_TITLES = ("Nuovo lavoro", "Trasloco", "Più movimento", "Learn Italian", "Bilancio 2025", "Orto sul balcone")
USER_AGENTS = (
    "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 (KHTML) Version/17.5 Safari/605.1.15",
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML) Chrome/126.0.0.0 Mobile Safari/537.36",
)


def _split(template: str) -> tuple[str, str, str]:
    """What stands before the name, between name and contact, and after."""
    before, _, rest = template.partition("{name}")
    between, _, after = rest.partition("{contact}")
    return before, between, after


def write(
    dice: Dice, stream: str, row: pl.Expr, templates: Sequence[str], *, name: pl.Expr, contact: pl.Expr
) -> pl.Expr:
    """One of the templates for each row, filled in. Where name or contact is null, nothing is put."""
    parts = [pl.Series(column) for column in zip(*map(_split, templates), strict=True)]
    before, between, after = (dice.pick(stream, row, part) for part in parts)
    return pl.concat_str(before, name.fill_null(""), between, contact.fill_null(""), after)
