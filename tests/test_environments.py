"""understudy.toml: what it says, where it is looked for, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from understudy import environments
from understudy.environments import Configuration, ConfigurationError, Environment

WHOLE = """
version = 1
migrations = "db/migrations"
policy = "db/policy.toml"

[environments.prod]
dsn = "env:THE_PROD"
production = true

[environments."my staging"]
dsn = "embedded:staging"
"""


def written(folder: Path, text: str) -> Path:
    file = folder / "understudy.toml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_whole_file(tmp_path: Path) -> None:
    """Environments by name; folders are relative to the file, wherever one stands."""
    assert environments.load(written(tmp_path, WHOLE)) == Configuration(
        folder=tmp_path,
        environments={
            "prod": Environment("prod", "env:THE_PROD", production=True),
            "my staging": Environment("my staging", "embedded:staging", production=False),
        },
        migrations=tmp_path / "db/migrations",
        policy=tmp_path / "db/policy.toml",
    )


def test_what_is_not_said_is_as_usual(tmp_path: Path) -> None:
    """The version is enough."""
    loaded = environments.load(written(tmp_path, "version = 1"))
    assert loaded.environments == {}
    assert loaded.migrations == tmp_path / "migrations"
    assert loaded.policy == tmp_path / "anonymizer/policy.toml"


def test_without_a_file_there_are_no_environments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A repository that has none is one without environments, not an error."""
    monkeypatch.delenv("UNDERSTUDY_CONFIG", raising=False)
    monkeypatch.chdir(tmp_path)
    assert environments.load() == Configuration(folder=tmp_path)


def test_the_nearest_file_above_applies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From any folder of a repository it is the repository's; UNDERSTUDY_CONFIG comes first."""
    deep = tmp_path / "a" / "b"
    deep.mkdir(parents=True)
    top = written(tmp_path, "version = 1")
    assert environments.find(deep, {}) == top
    near = written(tmp_path / "a", "version = 1")
    assert environments.find(deep, {}) == near
    assert environments.find(deep, {"UNDERSTUDY_CONFIG": "/else/where.toml"}) == Path("/else/where.toml")
    monkeypatch.setenv("UNDERSTUDY_CONFIG", str(tmp_path / "missing.toml"))
    with pytest.raises(ConfigurationError, match="cannot be used") as caught:
        environments.load()
    assert "missing.toml" in str(caught.value.detail)


def test_an_address_may_stand_in_a_variable() -> None:
    """So that no secret stands in a file; a variable that is not set, or empty, is said by name."""
    environment = Environment("prod", "env:THE_PROD")
    assert environment.resolve({"THE_PROD": "postgresql://h/d"}) == "postgresql://h/d"
    for environ in ({}, {"THE_PROD": ""}):
        with pytest.raises(ConfigurationError, match="the environment prod has no address") as caught:
            environment.resolve(environ)
        assert "THE_PROD" in str(caught.value.hint)
    assert Environment("local", "embedded:x").resolve({}) == "embedded:x"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "does not say version = 1"),
        ("version = 2", "does not say version = 1"),
        ("version = 1\nversion = 1", "overwrite"),
        ("not toml", "understudy.toml"),
        ('version = 1\nenvironments = "prod"', "environments is not a table"),
        ('version = 1\n[environments]\nprod = "x"', "environments.prod is not a table"),
        ("version = 1\n[environments.prod]\nproduction = true", "environments.prod has no dsn"),
        ('version = 1\n[environments.prod]\ndsn = ""', "environments.prod.dsn is not a text"),
        ("version = 1\n[environments.prod]\ndsn = 5", "environments.prod.dsn is not a text"),
        ('version = 1\n[environments.prod]\ndsn = "x"\nproduction = "yes"', "production is neither true nor false"),
        ('version = 1\n[environments.prod]\ndsn = "x"\nprodution = true', "unknown key 'prodution'"),
        ('version = 1\n[environment.prod]\ndsn = "x"', "unknown key 'environment'"),
        ("version = 1\npolicy = 3", "policy is not a text"),
        ("version = 1\nmigrations = 3", "migrations is not a text"),
    ],
)
def test_what_means_nothing_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """A usage error that names the key: a slip of the pen must not leave production unprotected."""
    with pytest.raises(ConfigurationError) as caught:
        environments.load(written(tmp_path, text))
    assert said in str(caught.value)
    assert caught.value.exit_code == 2


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Bytes that are not UTF-8, and a folder in the file's place."""
    (tmp_path / "understudy.toml").write_bytes(b"version = 1\n# \xff")
    with pytest.raises(ConfigurationError):
        environments.load(tmp_path / "understudy.toml")
    with pytest.raises(ConfigurationError):
        environments.load(tmp_path)


def test_this_repository_s_own_file_is_good() -> None:
    """Its production is marked as such, and its folders are there."""
    loaded = environments.load(Path(__file__).parents[1] / "understudy.toml")
    assert [name for name, environment in loaded.environments.items() if environment.production] == ["prod"]
    assert loaded.migrations.is_dir()
    assert loaded.policy.is_file()
