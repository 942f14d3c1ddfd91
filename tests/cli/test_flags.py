"""`understudy flags`: what it prints, as text and as JSON, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from understudy.postgres import connect
from understudy.postgres.dsn import url

Flags = Callable[..., Any]


@pytest.fixture
def address(migrated_database: str) -> str:
    """The address of a database with the tables and ten users, the tenth of the tier pro."""
    with connect(migrated_database) as connection:
        connection.execute(
            "INSERT INTO users (email, tier) SELECT i || '@example.com', CASE i WHEN 10 THEN 'pro' ELSE 'free' END "
            "FROM generate_series(1, 10) AS i"
        )
    return url(migrated_database)


@pytest.fixture
def flags(cli: Callable[..., Any], address: str) -> Flags:
    """Runs `understudy flags ... --target` that database."""
    return lambda *arguments: cli("flags", *arguments, "--target", address)


def test_a_flag_from_its_creation_to_everybody(flags: Flags) -> None:
    """The story of a feature: hidden, one tester, a tier, everybody, switched off."""
    assert flags("create", "search.fuzzy", "--description", "[Fuzzy] search").code == 0
    assert flags("verify-hidden", "search.fuzzy").out == "search.fuzzy: hidden, none of 10 users sees it\n"
    assert flags("enable", "search.fuzzy").code == 0
    added = flags("add-user", "3", "search.fuzzy")
    assert (added.code, added.out) == (0, "user 3 sees search.fuzzy: an override says so (override)\n")
    assert flags("rollout", "search.fuzzy", "0", "--tier", "pro").code == 0
    seen = flags("verify-hidden", "search.fuzzy")
    assert seen.code == 3
    assert seen.out == "search.fuzzy: NOT hidden, 2 of 10 users see it (override 1, tier 1)\n"
    assert flags("rollout", "search.fuzzy", "100", "--no-tiers").code == 0
    assert flags("check", "4", "search.fuzzy").code == 0
    removed = flags("remove-user", "4", "search.fuzzy")
    assert (removed.code, removed.out) == (0, "user 4 does not see search.fuzzy: an override says so (override)\n")
    assert flags("check", "4", "search.fuzzy").code == 3
    assert flags("remove-user", "4", "search.fuzzy", "--forget").code == 0
    assert flags("check", "4", "search.fuzzy").out.endswith("is below the rollout (bucket)\n")
    assert "[Fuzzy] search" in flags("list").out
    assert "1 shown, 0 hidden" in flags("show", "search.fuzzy").out
    assert flags("disable", "search.fuzzy").code == 0
    off = flags("check", "3", "search.fuzzy")
    assert (off.code, off.out) == (3, "user 3 does not see search.fuzzy: the flag is off (off)\n")


def test_a_rollout_of_a_flag_that_is_off_says_that_nobody_sees_it(flags: Flags) -> None:
    """Setting 50 % of a flag that is off is done, and noted."""
    flags("create", "f")
    done = flags("rollout", "f", "50")
    assert done.code == 0
    assert "note: f is off" in done.err


def test_a_flag_open_to_the_next_user_is_a_warning(flags: Flags) -> None:
    """Hidden from all there are, but not from who comes."""
    flags("create", "f", "--enabled", "--tier", "enterprise")
    done = flags("verify-hidden", "f")
    assert done.code == 0
    assert "warning: f is hidden today" in done.err
    assert flags("verify-hidden", "f", "--json").json["flags"][0]["open_to_new_users"] is True


def test_json_of_a_flag(flags: Flags) -> None:
    """create, show, enable, disable and rollout print one and the same document."""
    made = flags("create", "f", "--percentage", "5", "--tier", "pro", "--user", "2", "--json")
    document = made.json
    assert document.pop("created_at") == document.pop("updated_at") != None  # noqa: E711 - one comparison, three values
    assert document == {
        "name": "f",
        "description": None,
        "enabled": False,
        "rollout_percentage": 5,
        "allowed_tiers": ["pro"],
        "allowed_user_ids": ["2"],
        "overrides": {"shown": 0, "hidden": 0},
    }
    for arguments in (["show", "f"], ["enable", "f"], ["disable", "f"], ["rollout", "f", "6"]):
        assert flags(*arguments, "--json").json.keys() == made.json.keys()
    assert flags("list", "--json").json["flags"][0]["rollout_percentage"] == 6
    assert flags("list", "--json").json["malformed"] == []


def test_json_of_an_answer_and_of_a_proof(flags: Flags) -> None:
    """check, add-user and remove-user print the answer; verify-hidden the counts by reason."""
    flags("create", "f", "--enabled", "--percentage", "100")
    assert flags("check", "7", "f", "--json").json == {
        "flag": "f",
        "user": 7,
        "enabled": True,
        "variant": "on",
        "reason": "bucket",
        "openfeature_reason": "SPLIT",
        "bucket": 59.955,
    }
    assert flags("remove-user", "7", "f", "--json").json["reason"] == "override"
    assert flags("verify-hidden", "f", "--json").json == {
        "hidden": False,
        "flags": [
            {
                "flag": "f",
                "hidden": False,
                "users": 10,
                "seen_by": 9,
                "reasons": {"bucket": 9},
                "open_to_new_users": True,
            }
        ],
    }


def test_no_flags_yet(flags: Flags) -> None:
    """An empty list is said."""
    assert flags("list").out == "no flags\n"


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["create", "Bad Name"], 2, "'Bad Name' is not the name of a flag"),
        (["create", "x" * 101], 2, "the flag's name is too long"),
        (["create", "g", "--percentage", "101"], 2, "101 is not a percentage"),
        (["create", "g", "--tier", "Pro!"], 2, "'Pro!' is not the name of a tier"),
        (["create", "f"], 1, "there already is a flag 'f'"),
        (["rollout", "f", "--", "-1"], 2, "-1 is not a percentage"),
        (["rollout", "f", "12.5"], 2, "'12.5' is not a valid integer"),
        (["rollout", "f", "1", "--tier", "a", "--no-tiers"], 2, "--tier and --no-tiers contradict each other"),
        (["enable", "g"], 1, "there is no flag 'g'"),
        (["check", "11", "f"], 1, "there is no user 11"),
        (["add-user", "somebody", "f"], 2, "'somebody' is not a user"),
        (["verify-hidden", "f", "g"], 1, "there is no flag 'g'"),
        (["verify-hidden"], 2, "missing argument"),
    ],
)
def test_bad_input_is_a_clear_error(
    cli: Callable[..., Any], flags: Flags, address: str, arguments: list[str], code: int, said: str
) -> None:
    """What cannot be understood ends with 2, what does not exist with 1, and the message names it."""
    flags("create", "f")
    done = cli("flags", arguments[0], "--target", address, *arguments[1:])
    assert (done.code, done.out) == (code, "")
    assert said in done.err


def test_malformed_rows_are_listed_beside_the_good_ones(flags: Flags, migrated_database: str) -> None:
    """One bad row hides no other flag; the warning names the column."""
    flags("create", "good")
    flags("create", "bad")
    with connect(migrated_database) as connection:
        connection.execute("UPDATE feature_flags SET allowed_tiers = '[1]' WHERE name = 'bad'")
    done = flags("list")
    assert done.code == 0
    assert "good" in done.out
    assert "allowed_tiers" in done.err
    assert len(flags("list", "--json").json["malformed"]) == 1
    assert flags("verify-hidden", "bad").code == 1
