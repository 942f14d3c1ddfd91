"""Where a subject falls for a flag: a bucket of 100,000, the same on any machine and in any version.

The hash is salted with the flag's name, so that who is early for one flag is not early for all of them.
"""

from __future__ import annotations

import hashlib

STEPS = 100_000
"""Buckets of a flag. One step is 0.001 %, so that the last bucket is 99.999 %."""

STEPS_PER_PERCENT = STEPS // 100


def bucket_of(flag: str, user_id: int | str) -> int:
    """The bucket of a user for a flag.

    It is the first 60 bits of SHA-256 over `NAME:USER_ID` in UTF-8, modulo 100,000. This never changes: a change
    would hand features to other people than those who have them. Taking the modulo of 2^60 favours no bucket by
    more than one part in 10^13.

    Args:
        flag: the flag's name. It holds no colon, so no two pairs are hashed alike.
        user_id: `users.id`, as a number or its decimal text.

    Returns:
        0 to 99,999, in thousandths of a percent.
    """
    digest = hashlib.sha256(f"{flag}:{user_id}".encode()).hexdigest()
    return int(digest[:15], 16) % STEPS
