"""The filter: a plain pg_dump in, the same dump masked out, without a server.

    lexer.py       bytes to tokens, as psql reads them
    reader.py      the stream: statements, COPY rows, INSERT rows, in bounded memory
    sqltypes.py    what a type is, for a mask
    ddl.py         CREATE TABLE and its kin to the catalog that a policy is laid over
    statements.py  what is passed, dropped or refused
    inserts.py     INSERT rows to COPY rows and back
    canonical.py   values as a clone would read them
    survey.py      what a dump says of itself
    output.py      where the masked dump goes
    filter.py      all of it together

Closed like the rest: a statement that is not understood is refused, never passed.
"""
