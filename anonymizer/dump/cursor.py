"""A statement read token by token: what every statement that we take apart has in common."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from anonymizer.dump.lexer import Kind, Token
from anonymizer.identifiers import TableName


class NotUnderstood(ValueError):
    """A statement is not what pg_dump writes; the text says what about it, and holds nothing of the statement."""


class Cursor:
    """Stands before a token of a statement."""

    def __init__(self, tokens: Sequence[Token], at: int = 0) -> None:
        """Takes the tokens, without blanks and comments."""
        self.tokens = tokens
        self.at = at

    @property
    def word(self) -> str:
        """The next token, a keyword in capitals; empty at the end."""
        return self.tokens[self.at].word if self.at < len(self.tokens) else ""

    @property
    def ended(self) -> bool:
        """Whether nothing follows."""
        return self.at >= len(self.tokens)

    def accept(self, *words: str) -> bool:
        """Go past these words if they come next."""
        if tuple(token.word for token in self.tokens[self.at : self.at + len(words)]) != words:
            return False
        self.at += len(words)
        return True

    def expect(self, *words: str) -> None:
        """Go past these words.

        Raises:
            NotUnderstood: something else comes next.
        """
        if not self.accept(*words):
            raise NotUnderstood(f"{' '.join(words)} was expected in it")

    def identifier(self) -> str:
        """Go past a name.

        Raises:
            NotUnderstood: there is none.
        """
        found = self.tokens[self.at].identifier if self.at < len(self.tokens) else None
        if found is None:
            raise NotUnderstood("a name was expected in it")
        self.at += 1
        return found

    def name(self) -> TableName:
        """Go past a name with its schema.

        Raises:
            NotUnderstood: there is none; pg_dump leaves the schema away only where it is pg_catalog.
        """
        schema = self.identifier()
        if not self.accept("."):
            raise NotUnderstood("a name stands in it without its schema")
        return TableName(schema, self.identifier())

    def names(self) -> tuple[str, ...]:
        """Go past a list of names in parentheses.

        Raises:
            NotUnderstood: it is none.
        """
        self.expect("(")
        found = [self.identifier()]
        while self.accept(","):
            found.append(self.identifier())
        self.expect(")")
        return tuple(found)

    def until(self, stop: Callable[[str], bool]) -> list[Token]:
        """Go up to a token outside parentheses and brackets that is wanted, or to the end; what was passed."""
        begin, depth = self.at, 0
        while self.at < len(self.tokens):
            token = self.tokens[self.at]
            if depth == 0 and stop(token.word):
                break
            if token.kind is Kind.OTHER:
                depth += (token.text in (b"(", b"[")) - (token.text in (b")", b"]"))
            self.at += 1
        return list(self.tokens[begin : self.at])

    def items(self) -> list[list[Token]]:
        """Go past a list in parentheses, of whatever; its items.

        Raises:
            NotUnderstood: it has no end.
        """
        self.expect("(")
        found = []
        while not self.accept(")"):
            found.append(self.until(lambda word: word in (",", ")")))
            if not self.accept(",") and self.word != ")":
                raise NotUnderstood("a list in it has no end")
        return found
