"""The statements that make tables, to the catalog that a policy is laid over: what a server would answer after them.

Only what masks depend on is read: columns, types, NOT NULL, generated columns, partitions, unique columns, foreign
keys. pg_dump writes the first before any row and the last two behind all of them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from anonymizer import catalog, demands, identifiers
from anonymizer.catalog import ForeignKey, Table
from anonymizer.demands import Demand
from anonymizer.dump import sqltypes
from anonymizer.dump.cursor import Cursor, NotUnderstood
from anonymizer.dump.lexer import Kind, Token
from anonymizer.dump.reader import Statement
from anonymizer.dump.sqltypes import Domain, Type, Types
from anonymizer.errors import PolicyError
from anonymizer.identifiers import TableName

_COLUMN_ENDS = {"COLLATE", "CONSTRAINT", "DEFAULT", "NOT", "NULL", "GENERATED", "OPTIONS", "COMPRESSION", "STORAGE"}
_COLUMN_ENDS |= {"CHECK", "PRIMARY", "UNIQUE", "REFERENCES", "WITH"}
_BOX = ("pg_catalog", "box")
"""The one built-in type whose arrays have a semicolon between elements."""
_SAME_NULLS = "NULLS NOT DISTINCT"
_RELATIONS = {"TABLE", "UNLOGGED", "FOREIGN"}


@dataclass
class _Column:
    name: str
    type: Type
    not_null: bool = False
    generated: bool = False


@dataclass
class _Table:
    columns: dict[str, _Column]
    partitioned: bool = False
    partition_keys: frozenset[str] = frozenset()
    foreign: bool = False
    root: TableName | None = None


@dataclass
class Schema:
    """What the statements so far have made. `learned` counts those that changed it."""

    types: Types = field(default_factory=Types)
    foreign_keys: list[ForeignKey] = field(default_factory=list)
    feeds: dict[TableName, set[tuple[TableName, str]]] = field(default_factory=dict)
    """The columns that take their numbers from each sequence."""
    learned: int = 0
    _tables: dict[TableName, _Table] = field(default_factory=dict)
    _keys: dict[TableName, tuple[str, ...]] = field(default_factory=dict)
    _unique: set[tuple[TableName, str]] = field(default_factory=set)
    _demands: dict[TableName, list[Demand]] = field(default_factory=dict)

    def learn(self, statement: Statement) -> None:
        """Take in a statement; one that makes nothing of ours is left alone.

        Raises:
            NotUnderstood: it makes or changes a table in a way that pg_dump does not.
        """
        cursor, words = Cursor(statement.tokens), statement.words
        if words[0] == "CREATE":
            self._create(cursor, words)
        elif words[0] == "ALTER":
            self._alter(cursor, words)

    def tables(self) -> list[Table]:
        """The tables, as the catalog would list them."""
        return [
            Table(
                0,
                name,
                self._root(name),
                made.partitioned,
                made.foreign,
                0,
                0,
                0,
                tuple(self._columns(name, made)),
                self._keys.get(name, ()),
            )
            for name, made in sorted(self._tables.items())
        ]

    def knows(self, table: TableName) -> bool:
        """Whether a statement has made this table."""
        return table in self._tables

    def order(self, table: TableName) -> tuple[str, ...]:
        """The names of a table's columns in their order, the generated ones among them."""
        return tuple(self._tables[table].columns)

    def orders_differ(self, table: TableName) -> bool:
        """Whether a partition of a partitioned table has its columns in another order."""
        return self._tables[table].partitioned and any(
            list(made.columns) != list(self._tables[table].columns)
            for name, made in self._tables.items()
            if name != table and self._root(name) == self._root(table)
        )

    def generated(self, table: TableName) -> frozenset[str]:
        """The names of a table's generated columns."""
        return frozenset(name for name, column in self._tables[table].columns.items() if column.generated)

    def _columns(self, table: TableName, made: _Table) -> Iterator[catalog.Column]:
        for column in made.columns.values():
            resolved = self.types.resolve(column.type)
            found = catalog.column(
                column.name,
                column.type.text,
                resolved.name[1],
                self._category(resolved),
                resolved.array,
                resolved.typmod,
                column.not_null or resolved.domain_not_null,
                resolved.builtin,
                (table, column.name) in self._unique,
                column.generated,
                [] if resolved.array else self._fields(resolved.name),
                column.name in made.partition_keys,
                below=resolved.below,
                delimiter=";" if resolved.name == _BOX else ",",
            )
            yield replace(found, demands=demands.of(self._demands.get(table, ()), column.name))

    def _fields(self, type_: sqltypes.Name) -> list[str]:
        """The names of a composite type's fields; a table makes such a type too."""
        made = self._tables.get(type_)
        return list(made.columns) if made else list(self.types.attributes.get(type_, ()))

    def _category(self, resolved: sqltypes.Resolved) -> str:
        return "C" if resolved.name in self._tables else resolved.category

    def _root(self, name: TableName) -> TableName:
        root = self._tables[name].root if name in self._tables else None
        return name if root is None else self._root(root)

    def _create(self, cursor: Cursor, words: tuple[str, ...]) -> None:
        if words[1:2] == ("DOMAIN",):
            self._domain(cursor)
        elif words[1:2] == ("TYPE",):
            self._type(cursor)
        elif words[1:3] == ("UNIQUE", "INDEX"):
            self._unique_index(cursor)
        elif words[1] in _RELATIONS and "TABLE" in words[1:3]:
            self._table(cursor)
        else:
            return
        self.learned += 1

    def _domain(self, cursor: Cursor) -> None:
        cursor.at = 2
        name = cursor.name()
        cursor.expect("AS")
        base = _type(cursor)
        self.types.domains[name] = Domain(base, _says_not_null(cursor))

    def _type(self, cursor: Cursor) -> None:
        cursor.at = 2
        name = cursor.name()
        if cursor.accept("AS", "ENUM"):
            self.types.categories[name] = "E"
        elif cursor.accept("AS", "RANGE"):
            self.types.categories[name] = "R"
        elif cursor.accept("AS"):
            self.types.categories[name] = "C"
            attributes = [Cursor(item) for item in cursor.items()]
            self.types.attributes[name] = {item.identifier(): _type(item) for item in attributes}
        elif not cursor.ended:
            for item in cursor.items():
                words = [token.word for token in item]
                if words[:2] == ["CATEGORY", "="]:
                    self.types.categories[name] = words[2].strip("'")

    def _table(self, cursor: Cursor) -> None:
        made = _Table({}, foreign=cursor.tokens[1].word == "FOREIGN")
        cursor.at = 1
        while cursor.word in _RELATIONS:
            cursor.at += 1
        cursor.accept("IF", "NOT", "EXISTS")
        name = cursor.name()
        self._start(made, cursor)
        own = cursor.items() if cursor.word == "(" else []
        if cursor.accept("INHERITS"):
            for parent in _parents(cursor):
                for column in self._known(parent).columns.values():
                    _merge(made.columns, replace(column))
        for item in own:
            _define(made.columns, Cursor(item))
            self._default(name, item)
        cursor.until(lambda word: word == "PARTITION")
        if cursor.accept("PARTITION", "BY"):
            made.partitioned = True
            cursor.identifier()
            made.partition_keys = _names(cursor)
        if not _alike(self._tables.get(name, made), made):
            raise NotUnderstood("the table is made twice, with other columns")
        self._tables.setdefault(name, made)

    def _start(self, made: _Table, cursor: Cursor) -> None:
        """The columns that a table has before its own list is read."""
        if cursor.accept("OF"):
            attributes = self.types.attributes.get(cursor.name())
            if attributes is None:
                raise NotUnderstood("it is of a type that nothing before it makes")
            made.columns = {column: _Column(column, type_) for column, type_ in attributes.items()}
        elif cursor.accept("PARTITION", "OF"):
            made.root = cursor.name()
            made.columns = {column.name: replace(column) for column in self._known(made.root).columns.values()}
        elif cursor.word != "(":
            raise NotUnderstood("its columns are not told")

    def _known(self, name: TableName) -> _Table:
        if name not in self._tables:
            raise NotUnderstood("it refers to a table that nothing before it makes")
        return self._tables[name]

    def _unique_index(self, cursor: Cursor) -> None:
        cursor.at = 3
        cursor.accept("IF", "NOT", "EXISTS")
        cursor.identifier()
        cursor.expect("ON")
        cursor.accept("ONLY")
        table = cursor.name()
        if cursor.accept("USING"):
            cursor.identifier()
        self._set_unique(table, cursor)

    def _set_unique(self, table: TableName, cursor: Cursor) -> None:
        self._demands.setdefault(table, []).extend(_asked(Cursor(cursor.tokens, cursor.at)))
        self._unique |= {(table, name) for name in _names(cursor)}

    def _alter(self, cursor: Cursor, words: tuple[str, ...]) -> None:
        if words[1] == "SEQUENCE":
            cursor.at = 2
            owned = cursor.name()
            if cursor.accept("OWNED", "BY") and cursor.word != "NONE":
                self._feed(owned, cursor.name(), cursor)
            return
        if words[1] != "TABLE" and words[1:3] != ("FOREIGN", "TABLE"):
            return
        cursor.at = words.index("TABLE") + 1
        cursor.accept("IF", "EXISTS")
        cursor.accept("ONLY")
        table = cursor.name()
        if cursor.accept("ATTACH", "PARTITION"):
            self._known(cursor.name()).root = table
        elif cursor.accept("ADD", "CONSTRAINT"):
            self._constraint(table, cursor)
        elif cursor.accept("ALTER", "COLUMN"):
            name = cursor.identifier()
            column = self._tables[table].columns.get(name) if table in self._tables else None
            if column and cursor.accept("SET", "NOT", "NULL"):
                column.not_null = True
            elif sequence := _sequence(cursor):
                self.feeds.setdefault(sequence, set()).add((table, name))
        else:
            return
        self.learned += 1

    def _default(self, table: TableName, item: list[Token]) -> None:
        """A column's default that stands in the table itself: of a sequence that no column owns."""
        for at, token in enumerate(item):
            if token.word == "DEFAULT" and (sequence := _nextval(Cursor(item, at + 1))):
                self.feeds.setdefault(sequence, set()).add((table, Cursor(item).identifier()))

    def _feed(self, sequence: TableName, table: TableName, cursor: Cursor) -> None:
        cursor.expect(".")
        self.feeds.setdefault(sequence, set()).add((table, cursor.identifier()))

    def _constraint(self, table: TableName, cursor: Cursor) -> None:
        name = cursor.identifier()
        if cursor.accept("PRIMARY", "KEY"):
            keys = Cursor(cursor.tokens, cursor.at).items()
            self._keys[table] = tuple(key[0].identifier or "" for key in keys)
            self._set_unique(table, cursor)
        elif cursor.accept("UNIQUE"):
            cursor.accept("NULLS", "NOT", "DISTINCT")
            self._set_unique(table, cursor)
        elif cursor.accept("EXCLUDE"):
            if cursor.accept("USING"):
                cursor.identifier()
            self._set_unique(table, cursor)
        elif cursor.accept("FOREIGN", "KEY"):
            columns = _key(cursor)
            cursor.expect("REFERENCES")
            referenced = cursor.name()
            theirs = _key(cursor)
            full = cursor.accept("MATCH", "FULL")
            self.foreign_keys.append(ForeignKey(name, table, columns, referenced, theirs, full=full))
        elif cursor.accept("NOT", "NULL"):
            column = self._known(table).columns.get(cursor.identifier())
            if column:
                column.not_null = True


def _alike(one: _Table, other: _Table) -> bool:
    """Whether two tables have the same columns; what is NOT NULL may have been said behind the first of them."""
    mine, yours = ([(c.name, c.type, c.generated) for c in table.columns.values()] for table in (one, other))
    return mine == yours


def _sequence(cursor: Cursor) -> TableName | None:
    """The sequence that an identity or a default takes its numbers from, if it is one."""
    if cursor.accept("ADD", "GENERATED"):
        cursor.until(lambda word: word == "(")
        inside = Cursor(next(iter(cursor.items()), ()))
        return inside.name() if inside.accept("SEQUENCE", "NAME") else None
    return _nextval(cursor) if cursor.accept("SET", "DEFAULT") else None


def _nextval(cursor: Cursor) -> TableName | None:
    """The sequence of a call of nextval with a literal."""
    if not cursor.accept("NEXTVAL", "("):
        return None
    text = cursor.word
    try:
        return identifiers.parse(text[1:-1].replace("''", "'")) if text.startswith("'") else None
    except PolicyError:
        return None


def _key(cursor: Cursor) -> tuple[str, ...]:
    """The columns of a key; the last may be PERIOD column."""
    found = []
    for item in cursor.items():
        name = item[-1].identifier
        if name is None or len(item) > 1 + (item[0].word == "PERIOD"):
            raise NotUnderstood("a column of a foreign key was expected in it")
        found.append(name)
    return tuple(found)


def _names(cursor: Cursor) -> frozenset[str]:
    """Every column of an index's or a partition's keys; of an expression every name in it and in what follows."""
    keys = cursor.items()
    expressions = [key for key in keys if key[0].identifier is None or (len(key) > 1 and key[1].word in ("(", "."))]
    names = [token for key in keys for token in (key if key in expressions else key[:1])]
    if expressions:
        names += cursor.tokens[cursor.at :]
    return frozenset(name for token in names if (name := token.identifier))


def _asked(cursor: Cursor) -> Iterator[Demand]:
    """What an index's keys and its WHERE ask beyond equality, with the operators of an exclusion constraint."""
    for key in cursor.items():
        words = [token.word for token in key]
        end = words.index("WITH") if "WITH" in words else len(words)
        plain = key[0].identifier is not None and (len(key) == 1 or key[1].word not in ("(", "."))
        if not plain:
            yield Demand("expression", spelled(key[:end]))
        elif operator := spelled(key[end + 1 :]).removeprefix("OPERATOR(pg_catalog.").removesuffix(")").strip("="):
            yield Demand("operator", f"{key[0].identifier}\0{operator}")
        elif _SAME_NULLS in " ".join(token.word for token in cursor.tokens):
            yield Demand("nulls", f"{key[0].identifier}\0NULLS NOT DISTINCT")
    cursor.until(lambda word: word == "WHERE")
    if cursor.accept("WHERE"):
        yield Demand("predicate", spelled(cursor.tokens[cursor.at :]))


def spelled(tokens: Sequence[Token]) -> str:
    """Tokens as the server would write them: words apart, and nothing else."""
    text = ""
    for token in tokens:
        piece = token.text.decode("utf-8", "surrogateescape")
        apart = text and token.kind is not Kind.OTHER and (text[-1].isalnum() or text[-1] in "_\"'")
        text += f" {piece}" if apart else piece
    return text


def _parents(cursor: Cursor) -> list[TableName]:
    return [Cursor(item).name() for item in cursor.items()]


def _type(cursor: Cursor) -> Type:
    tokens = cursor.until(lambda word: word in _COLUMN_ENDS and not _belongs(cursor))
    found = sqltypes.parse(tokens)
    if found is None:
        raise NotUnderstood("a type in it is not understood")
    return found


def _belongs(cursor: Cursor) -> bool:
    """Whether the word WITH goes on a type's name: timestamp with time zone."""
    following = [token.word for token in cursor.tokens[cursor.at : cursor.at + 3]]
    return following == ["WITH", "TIME", "ZONE"] or (cursor.at > 0 and cursor.tokens[cursor.at - 1].word == ".")


def _define(columns: dict[str, _Column], cursor: Cursor) -> None:
    """One item between the parentheses of CREATE TABLE: a column, a column's options, or a constraint."""
    if cursor.word in ("CHECK", "PRIMARY", "UNIQUE", "FOREIGN", "LIKE"):
        if cursor.word != "CHECK":
            raise NotUnderstood("pg_dump writes keys behind the rows, and here stands one in the table")
        return
    named = cursor.accept("CONSTRAINT")
    if named:
        cursor.identifier()
    if cursor.accept("NOT", "NULL"):
        # a column that is inherited; pg_dump 18 leaves the name away where it is the usual one
        columns[cursor.identifier()].not_null = True
        return
    if named:
        if cursor.word != "CHECK":
            raise NotUnderstood("a constraint in it is neither CHECK nor NOT NULL")
        return
    name = cursor.identifier()
    if cursor.accept("WITH", "OPTIONS") or (name in columns and cursor.word in _COLUMN_ENDS):
        column = columns[name]
    else:
        column = _merge(columns, _Column(name, _type(cursor)))
    column.not_null |= _says_not_null(cursor)
    column.generated |= "GENERATED" in top_words(cursor) and "IDENTITY" not in top_words(cursor)


def _merge(columns: dict[str, _Column], column: _Column) -> _Column:
    """A column of a parent, or one of the table's own over it: the first of a name says where it stands."""
    known = columns.setdefault(column.name, column)
    known.not_null |= column.not_null
    return known


def top_words(cursor: Cursor) -> list[str]:
    """The words that follow outside parentheses."""
    found, depth = [], 0
    for token in cursor.tokens[cursor.at :]:
        if token.kind is Kind.OTHER:
            depth += (token.text == b"(") - (token.text == b")")
        elif depth == 0 and token.kind is Kind.WORD:
            found.append(token.word)
    return found


def _says_not_null(cursor: Cursor) -> bool:
    words = top_words(cursor)
    # DEFAULT may hold an expression
    return any(
        three[1:] == ("NOT", "NULL") and three[0] != "IS" for three in zip(["", *words], words, words[1:], strict=False)
    )
