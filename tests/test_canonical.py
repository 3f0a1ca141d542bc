"""The canonical form of an image: what does not decide how it runs is not in it, and all that does is."""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import tarfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from harness.images.canonical import canonical
from tests.reproduction import differences

SETTINGS = {
    "User": "65534:65534",
    "Env": ["PATH=/usr/bin", "LANG=C.UTF-8"],
    "Entrypoint": ["/matmul"],
    "ExposedPorts": {"8080/tcp": {}},
    "Labels": {"org.example.author": "somebody"},
}


@dataclass(frozen=True)
class Member:
    name: str
    data: bytes = b""
    type: bytes = tarfile.REGTYPE
    linkname: str = ""
    mode: int = 0o644
    uid: int = 0
    attributes: Mapping[str, str] | None = None


LAYER = (
    Member("lib", type=tarfile.DIRTYPE, mode=0o755),
    Member("lib/libc.so.6", b"libc" * 3000, mode=0o755),
    Member("lib/libc.so", type=tarfile.SYMTYPE, linkname="libc.so.6", mode=0o777),
    Member("matmul", b"program", mode=0o755),
    Member("a/" + "very/" * 40 + "long/näme", b"far down"),
)
ANOTHER = (Member("app/data", b"\0" * 100, uid=65534),)


@dataclass(frozen=True)
class Build:
    """One build of an image, with what differs between two builds and between two engines."""

    layers: Sequence[Sequence[Member]] = (LAYER, ANOTHER)
    settings: Mapping[str, Any] = field(default_factory=lambda: SETTINGS)
    mtime: float = 1764108028.447857471
    prefix: str = ""
    backwards: bool = False
    gzipped: bool = False
    folder: str = "blobs/sha256/"
    engine: Mapping[str, Any] | None = None
    architecture: str = "amd64"

    def saved(self) -> bytes:
        layers = [self._layer(members) for members in self.layers]
        names = [f"{self.folder}{hashlib.sha256(layer).hexdigest()}" for layer in layers]
        settings = {"architecture": self.architecture, "os": "linux", "config": dict(self.settings)}
        settings |= {"created": str(self.mtime), **(self.engine or {})}
        index = [{"Config": f"{self.folder}config", "RepoTags": ["harness-c:1"], "Layers": names}]
        files = dict(zip(names, layers, strict=True)) | {f"{self.folder}config": json.dumps(settings).encode()}
        files |= {"manifest.json": json.dumps(index).encode(), "oci-layout": b"{}", "index.json": b"{}"}
        return tar([Member(name, data) for name, data in files.items()], self.mtime)

    def _layer(self, members: Sequence[Member]) -> bytes:
        members = [replace(member, name=self.prefix + member.name) for member in members]
        plain = tar(members[::-1] if self.backwards else members, self.mtime)
        return gzip.compress(plain, mtime=int(self.mtime)) if self.gzipped else plain


def tar(members: Sequence[Member], mtime: float = 0) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for member in members:
            entry = tarfile.TarInfo(member.name)
            entry.size, entry.type, entry.linkname = len(member.data), member.type, member.linkname
            entry.mode, entry.uid, entry.uname, entry.mtime = member.mode, member.uid, "builder", mtime
            entry.pax_headers = dict(member.attributes or {})
            archive.addfile(entry, io.BytesIO(member.data))
    return buffer.getvalue()


def rewritten(saved: bytes) -> bytes:
    with canonical([saved[:700], saved[700:]]) as archive:
        return archive.read()


def files_of(archive: bytes) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(archive)) as opened:
        return {member.name: (opened.extractfile(member) or io.BytesIO()).read() for member in opened}


CANONICAL = rewritten(Build().saved())

SAME = {
    "later": Build(mtime=1800000000.5),
    "in another order": Build(backwards=True),
    "with paths from here": Build(prefix="./"),
    "with paths from the root": Build(prefix="/"),
    "with packed layers": Build(gzipped=True),
    "in folders of another engine": Build(folder=""),
    "by another engine": Build(
        engine={
            "container": "2ae4eed09efe",
            "container_config": {"Hostname": "2ae4eed09efe", "Cmd": ["/bin/sh"]},
            "docker_version": "26.1.5",
            "history": [{"created_by": "COPY file:ba03 in /matmul"}],
        }
    ),
    "with empty settings": Build(settings={**SETTINGS, "Cmd": None, "Volumes": {}, "WorkingDir": "/", "Image": "a995"}),
    "with the engine's own label": Build(
        settings={**SETTINGS, "Labels": {**SETTINGS["Labels"], "io.buildah.version": "1.28.2"}}  # type: ignore[dict-item]
    ),
}


@pytest.mark.parametrize("build", SAME.values(), ids=SAME)
def test_the_same_image_built_otherwise_is_the_same_bytes(build: Build) -> None:
    assert build.saved() != Build().saved()
    assert rewritten(build.saved()) == CANONICAL


def changed(name: str, /, **fields: object) -> Build:
    """A build with one member of its first layer changed."""
    return Build(layers=([replace(m, **fields) if m.name == name else m for m in LAYER], ANOTHER))  # type: ignore[arg-type]


OTHER = {
    "a file's content": changed("matmul", data=b"progran"),
    "a file's mode": changed("matmul", mode=0o700),
    "a file's owner": changed("matmul", uid=1),
    "a file's name": changed("matmul", name="matmut"),
    "a file's capability": changed("matmul", attributes={"SCHILY.xattr.security.capability": "\1"}),
    "where a link leads": changed("lib/libc.so", linkname="libc.so.7"),
    "one file more": Build(layers=((*LAYER, Member("more")), ANOTHER)),
    "the order of layers": Build(layers=(ANOTHER, LAYER)),
    "the user": Build(settings={**SETTINGS, "User": "0:0"}),
    "the environment": Build(settings={**SETTINGS, "Env": ["PATH=/bin"]}),
    "what is run": Build(settings={**SETTINGS, "Entrypoint": ["/matmul", "run"]}),
    "its arguments": Build(settings={**SETTINGS, "Cmd": ["run"]}),
    "a port": Build(settings={**SETTINGS, "ExposedPorts": {"80/tcp": {}}}),
    "a label": Build(settings={**SETTINGS, "Labels": {}}),
    "where it runs": Build(settings={**SETTINGS, "WorkingDir": "/app"}),
    "the architecture": Build(architecture="arm64"),
}


@pytest.mark.parametrize("build", OTHER.values(), ids=OTHER)
def test_what_decides_how_an_image_runs_makes_it_another(build: Build) -> None:
    assert rewritten(build.saved()) != CANONICAL


def test_the_canonical_form_is_its_own() -> None:
    assert rewritten(CANONICAL) == CANONICAL


def test_everything_in_it_is_called_by_its_hash() -> None:
    files = files_of(CANONICAL)
    (image,) = json.loads(files["manifest.json"])
    settings = json.loads(files[image["Config"]])
    assert image["Config"] == f"{hashlib.sha256(files[image['Config']]).hexdigest()}.json"
    hashes = [hashlib.sha256(files[name]).hexdigest() for name in image["Layers"]]
    assert image["Layers"] == [f"{digest}.tar" for digest in hashes]
    assert settings["rootfs"]["diff_ids"] == [f"sha256:{digest}" for digest in hashes]
    assert settings["config"] == SETTINGS
    assert image["RepoTags"] is None  # the tag is given when all of it has arrived


def test_its_layers_hold_what_they_held() -> None:
    files = files_of(CANONICAL)
    (image,) = json.loads(files["manifest.json"])
    with tarfile.open(fileobj=io.BytesIO(files[image["Layers"][0]])) as layer:
        assert layer.getnames() == sorted(member.name for member in LAYER)
        for member in LAYER:
            kept = layer.getmember(member.name)
            assert (kept.type, kept.mode, kept.linkname) == (member.type, member.mode, member.linkname)
            assert (layer.extractfile(kept).read() if kept.isreg() else b"") == member.data  # type: ignore[union-attr]
            assert (kept.mtime, kept.uname, kept.gname) == (0, "", "")


def test_a_layer_that_is_there_twice_is_written_once() -> None:
    files = files_of(rewritten(Build(layers=(LAYER, ANOTHER, LAYER)).saved()))
    (image,) = json.loads(files["manifest.json"])
    assert image["Layers"][0] == image["Layers"][2] != image["Layers"][1]
    assert len(files) == 4


Order = Callable[[Member, Member], Sequence[Member]]


@pytest.mark.parametrize("order", [lambda file, link: (file, link), lambda file, link: (link, file)])
def test_of_two_names_of_a_file_the_first_is_the_file(order: Order) -> None:
    """Whichever the engine came upon first."""
    one, other = "bin/first", "bin/second"
    written = [(Member(one, b"same"), other), (Member(other, b"same"), one)]
    forms = [
        rewritten(Build(layers=(order(file, Member(link, type=tarfile.LNKTYPE, linkname=file.name)),)).saved())
        for file, link in written
    ]
    assert forms[0] == forms[1]
    files = files_of(forms[0])
    layer = next(data for name, data in files.items() if name.endswith(".tar"))
    with tarfile.open(fileobj=io.BytesIO(layer)) as opened:
        assert [(member.name, member.type, member.linkname) for member in opened] == [
            (one, tarfile.REGTYPE, ""),
            (other, tarfile.LNKTYPE, one),
        ]


def test_what_differs_between_two_images_is_named() -> None:
    assert differences([Build().saved()], [Build(mtime=1).saved()]) == []
    other = Build(layers=((*LAYER[:-1], Member("more")), ANOTHER), settings={**SETTINGS, "User": "0:0"})
    assert differences([Build().saved()], [other.saved()]) == ["(its configuration)", LAYER[-1].name, "more"]
