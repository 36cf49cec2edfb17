"""RS256, with which a service account signs: a private key in PEM and bytes in, their signature out.

`cryptography` does it, once an hour. Few need it and it takes long to import, so it comes with the extra `vertex`
and is not looked for before. The key is read anew each time: nothing here keeps one.
"""

from __future__ import annotations


class CryptographyMissing(ImportError):
    """The package that signs is not installed."""


class KeyUnreadable(ValueError):
    """The text is no RSA private key in PEM, or an encrypted one."""


def sign(pem: str, message: bytes) -> bytes:
    """Raises `CryptographyMissing` and `KeyUnreadable`."""
    try:
        from cryptography.exceptions import UnsupportedAlgorithm
        from cryptography.hazmat.primitives import hashes, serialization
        from cryptography.hazmat.primitives.asymmetric import padding, rsa
    except ImportError as error:
        raise CryptographyMissing("cryptography is not installed: pip install 'bamlet[vertex]'") from error
    try:
        key = serialization.load_pem_private_key(pem.encode(), password=None)
    except TypeError as error:
        raise KeyUnreadable("the private key is encrypted") from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeyUnreadable("there is no private key in PEM, or it is damaged") from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise KeyUnreadable("the private key is no RSA key")
    try:
        return key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    except ValueError as error:
        raise KeyUnreadable("the key is too short for SHA-256") from error
