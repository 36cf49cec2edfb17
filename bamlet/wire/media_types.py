"""The media type of bytes, by how they begin: what a server or a file's name says is not asked."""

from __future__ import annotations

SNIFFED_BYTES = 64
"""As much of the beginning as is looked at."""

_STARTS = (
    (b"\x89PNG\r\n\x1a\n", "image/png"),
    (b"\xff\xd8\xff", "image/jpeg"),
    (b"GIF87a", "image/gif"),
    (b"GIF89a", "image/gif"),
    (b"BM", "image/bmp"),
    (b"II*\0", "image/tiff"),
    (b"MM\0*", "image/tiff"),
    (b"%PDF-", "application/pdf"),
    (b"ID3", "audio/mpeg"),
    (b"\xff\xfb", "audio/mpeg"),
    (b"\xff\xf3", "audio/mpeg"),
    (b"\xff\xf2", "audio/mpeg"),
    (b"\xff\xf1", "audio/aac"),
    (b"\xff\xf9", "audio/aac"),
    (b"OggS", "audio/ogg"),
    (b"fLaC", "audio/flac"),
    (b"\x1a\x45\xdf\xa3", "video/webm"),
    (b"FLV\x01", "video/x-flv"),
    (b"\0\0\x01\xba", "video/mpeg"),
    (b"\0\0\x01\xb3", "video/mpeg"),
)

# Containers name what they hold some bytes into them.
_RIFF = {b"WEBP": "image/webp", b"WAVE": "audio/wav", b"AVI ": "video/x-msvideo"}
_ISO_BRANDS = {
    b"M4A ": "audio/mp4",
    b"avif": "image/avif",
    b"heic": "image/heic",
    b"heix": "image/heic",
    b"mif1": "image/heif",
    b"qt  ": "video/quicktime",
}


def sniff(start: bytes) -> str | None:
    """The media type, or None for bytes that are no media known here."""
    if start[:4] == b"RIFF":
        return _RIFF.get(start[8:12])
    if start[:4] == b"FORM" and start[8:12] in (b"AIFF", b"AIFC"):
        return "audio/aiff"
    if start[4:8] == b"ftyp":
        brand = start[8:12]
        return "video/3gpp" if brand.startswith(b"3g") else _ISO_BRANDS.get(brand, "video/mp4")
    if start[:4] == b"\x1a\x45\xdf\xa3" and b"matroska" in start:
        return "video/x-matroska"
    return next((media_type for begins, media_type in _STARTS if start.startswith(begins)), None)


def may_be(media_type: str, kind: str) -> bool:
    """Whether bytes of this type can be an `image`, `audio`, `pdf` or `video`."""
    if media_type in _SOUND_OR_PICTURES:
        return kind in ("audio", "video")
    return kind == ("pdf" if media_type == "application/pdf" else media_type.partition("/")[0])


# Containers of sound, of moving pictures, or of both.
_SOUND_OR_PICTURES = frozenset(
    (
        "audio/mp4",
        "audio/ogg",
        "video/3gpp",
        "video/mp4",
        "video/mpeg",
        "video/quicktime",
        "video/webm",
        "video/x-matroska",
    )
)
