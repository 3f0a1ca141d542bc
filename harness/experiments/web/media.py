"""What a file is, by the end of its name: as browsers take it, and not as this machine's own list may have it."""

from __future__ import annotations

TEXTS = {
    "css": "text/css",
    "csv": "text/csv",
    "htm": "text/html",
    "html": "text/html",
    "js": "text/javascript",
    "md": "text/markdown",
    "mjs": "text/javascript",
    "txt": "text/plain",
}
"""In UTF-8, which their types say."""

COMPRESSIBLE = {
    "bmp": "image/bmp",
    "ico": "image/vnd.microsoft.icon",
    "ipynb": "application/json",
    "json": "application/json",
    "map": "application/json",
    "otf": "font/otf",
    "rss": "application/rss+xml",
    "svg": "image/svg+xml",
    "ttf": "font/ttf",
    "wasm": "application/wasm",
    "webmanifest": "application/manifest+json",
    "xml": "application/xml",
}

OTHERS = {
    "avif": "image/avif",
    "bz2": "application/x-bzip2",
    "gif": "image/gif",
    "gz": "application/gzip",
    "jpeg": "image/jpeg",
    "jpg": "image/jpeg",
    "mp3": "audio/mpeg",
    "mp4": "video/mp4",
    "ogg": "audio/ogg",
    "pdf": "application/pdf",
    "png": "image/png",
    "tar": "application/x-tar",
    "webm": "video/webm",
    "webp": "image/webp",
    "woff": "font/woff",
    "woff2": "font/woff2",
    "xz": "application/x-xz",
    "zip": "application/zip",
    "zst": "application/zstd",
}

UNKNOWN = "application/octet-stream"


def media_type(name: str) -> str:
    """What the Content-Type of a file of this name says."""
    ending = _ending(name)
    if ending in TEXTS:
        return f"{TEXTS[ending]}; charset=utf-8"
    return {**COMPRESSIBLE, **OTHERS}.get(ending, UNKNOWN)


def is_compressible(name: str) -> bool:
    """Whether a file of this name may be much smaller compressed."""
    return _ending(name) in TEXTS.keys() | COMPRESSIBLE.keys()


def _ending(name: str) -> str:
    _, dot, ending = name.rpartition(".")
    return ending.lower() if dot else ""
