"""Whether it is proved who sent something."""

import hashlib
import hmac


def signed(body: bytes, secret: str, signature: str) -> bool:
    """Whether `signature` is the HMAC-SHA256 of the body under the secret, in hexadecimal."""
    proof = hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()
    return hmac.compare_digest(proof.encode(), signature.encode("utf-8", "replace"))


def same(secret: str, given: str) -> bool:
    """Whether a secret was sent along, in a time that tells nothing of it."""
    return hmac.compare_digest(secret.encode(), given.encode("utf-8", "replace"))
