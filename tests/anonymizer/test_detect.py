"""What a text is, by its form, its check digits and Faker's names."""

from __future__ import annotations

import pytest

from anonymizer import detect, peoplenames


@pytest.mark.parametrize(
    "value",
    [
        "RSSMRA85T10A562S",
        "12345678Z",
        "X1234567L",
        "255081416802538",
        "123-45-6789",
        "529.982.247-25",
        "HEGG560427MVZRRL04",
        "131052-308T",
        "19640823-3234",
    ],
)
def test_national_ids_of_many_countries_are_known_one_by_one(value: str) -> None:
    """By their form and check digits; with another check digit they are nothing."""
    assert detect.strong_id(value)
    found = detect.most([value])
    assert found is not None
    assert found.mask == "national_id"


def test_digits_with_a_short_check_need_several_values() -> None:
    """One number in ten passes by chance; five different ones of five do not."""
    pesels = ["44051401359", "44051401458", "02070803628", "90090515836", "92071314764"]
    valid = [value for value in pesels if detect.weak_id(value)]
    assert detect.most(valid[:1]) is None
    many = [f"{value}" for value in valid] * 1
    assert (detect.most(many) is not None) == (len(set(many)) >= 5)


@pytest.mark.parametrize("value", ["2024-01-31", "140333568", "12", "1.2.3", "4111 1111 1111 1112", "hello"])
def test_what_has_no_form_is_nothing(value: str) -> None:
    """A day, a number and a word are no telephone, no card, no id."""
    assert detect.most([value] * 5) is None


def test_telephone_numbers_need_a_prefix_or_their_country() -> None:
    """Without a prefix a number must be one of the policy's country."""
    assert detect.is_phone("+55 (12) 3923-5555")
    assert detect.is_phone("(202) 456-1414", "US")
    assert not detect.is_phone("(202) 456-1414")


def test_people_by_fakers_lists() -> None:
    """Names, first names and family names, in any of Faker's languages; bands and cities are none."""
    assert (found := detect.people(["PENELOPE", "NICK", "ED", "JENNIFER"])) is not None
    assert found.mask == "first_name"
    assert (
        found := detect.people(["Maria Rossi", "Bianchi Luca", "John A. Smith", "Jürgen von der Müller"])
    ) is not None
    assert found.mask == "name"
    assert detect.people(["AC/DC", "Accept", "Aerosmith", "Audioslave"]) is None
    assert not peoplenames.is_full("Call Maria Rossi 4 times")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("ask maria.rossi@acme.it", ["an e-mail address"]),
        ("ask Maria Rossi, +39 06 6982 1234", ["a telephone number", "a person's name"]),
        ("IBAN IT60X0542811101000000123456", ["an IBAN"]),
        ("test with 4111 1111 1111 1111", ["a card number"]),
        ("codice RSSMRA85T10A562S", ["a national id"]),
        ("host=10.1.2.3 password=hunter22", ["a password", "a network address"]),
        ("postgres://app:hunter22@db/x", ["a password"]),
        ("key sk_" + "live_4eC39HqLyjWDarjtT1zdp7dc", ["a secret"]),
        ("SELECT 1 FROM x WHERE a = 1000000000 AND b = '2020-01-01 10:00:00' AND ip = '127.0.0.1'", []),
        ("The Primary Key of Action Plans in New York, see RFC 4122", []),
    ],
)
def test_personal_parts_of_a_text(text: str, words: list[str]) -> None:
    """Said in words, without the part itself; code and prose without any have none."""
    assert detect.inside(text) == words
