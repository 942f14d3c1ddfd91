"""The subset: some of the rows, closed over foreign keys. Which come is decided before anything is touched.

    rules.py       what a policy or `--subset` says of a table, read and refused
    condition.py   a `where` may look, and do nothing else
    references.py  what refers to what: foreign keys, and join domains that the policy names
    rows.py        a row's place: where it stands in the snapshot, read from the source
    closure.py     which rows come, by rules of sets alone
    choice.py      all of that in order, and the report of what pulled in what

Rows are known by their places (partition and ctid), which do not move while the clone's snapshot and locks are held.
What a reference means is asked of the source, by the operators of the constraint itself: no type, collation or NULL is
compared by us. No value of a row is read for any of this; of a key only its digest.
"""
