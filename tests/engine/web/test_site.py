"""A static site as `harness web build` makes it of a folder, served."""

from __future__ import annotations

import gzip

import pytest

from harness.engine.docker import DockerEngine
from harness.experiments.web import site
from harness.experiments.web.pack import Packed, pack
from harness.images.catalog import Catalog
from harness.model.journal import Image
from harness.store import Log
from tests.engine.support import unwatched
from tests.engine.test_final_images import PT_INTERP, elf_segments, saved_files
from tests.engine.web.conftest import Service, Start
from tests.web.cases import CASES, HEADERS, REQUEST_LINES, Case, faults, message, seen
from tests.web.talk import Answer, Talk, ask

pytestmark = [pytest.mark.engine, pytest.mark.beside]

PAGE = b"<h1>It works</h1>\n" * 100
TEXT = b"0123456789"
LARGE = bytes(range(256)) * 8000
FILES = {
    "index.html": PAGE,
    "docs/index.html": b"<h1>Docs</h1>\n",
    "docs/a b%.txt": TEXT,
    "healthz": b"ok\n",
    "large.bin": LARGE,
    "empty.css": b"",
    "app.js": b"let a\n",
    "app.js.gz": gzip.compress(b"let a\n", mtime=0),
    "picture.svg": b"<svg/>",
    "no/index.htm": b"",
}


@pytest.fixture(scope="module")
def packed() -> Packed:
    return pack(FILES)


@pytest.fixture(scope="module")
def tag(engine: DockerEngine, services: Catalog, base: str, keep: Log, packed: Packed) -> str:
    return site.build_site(engine, services, base, packed, keep, unwatched)


@pytest.fixture(scope="module")
def service(tag: str, start: Start) -> Service:
    return start("site", tag=tag)


def get(service: Service, path: str, *fields: str, method: str = "GET") -> Answer:
    answer = ask(service.port, message(f"{method} {path} HTTP/1.1", "Host: here", *fields))
    assert answer is not None
    return answer


def test_the_server_keeps_its_budget_and_stands_beside_the_pack(
    tag: str, engine: DockerEngine, services: Catalog, packed: Packed
) -> None:
    files = {member.name: data for member, data in saved_files(engine, Image(name="site", tag=tag))}
    assert files.keys() == {"web", "site"}
    assert files["site"] == packed.data
    assert len(files["web"]) <= site.budget_bytes(services)
    assert PT_INTERP not in elf_segments(files["web"])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize(
    ("path", "name", "media"),
    [
        ("/", "index.html", "text/html; charset=utf-8"),
        ("/?query=1", "index.html", "text/html; charset=utf-8"),
        ("/index.html", "index.html", "text/html; charset=utf-8"),
        ("/docs/", "docs/index.html", "text/html; charset=utf-8"),
        ("/docs/a%20b%25.txt", "docs/a b%.txt", "text/plain; charset=utf-8"),
        ("/%64ocs/%61%20b%25.txt", "docs/a b%.txt", "text/plain; charset=utf-8"),
        ("/large.bin", "large.bin", "application/octet-stream"),
        ("/empty.css", "empty.css", "text/css; charset=utf-8"),
        ("/picture.svg", "picture.svg", "image/svg+xml"),
        ("/app.js.gz", "app.js.gz", "application/gzip"),
        ("http://here/app.js", "app.js", "text/javascript; charset=utf-8"),
    ],
)
def test_a_file_is_served_as_what_it_is(method: str, path: str, name: str, media: str, service: Service) -> None:
    answer = get(service, path, method=method)
    assert (answer.status, answer.fields["content-type"]) == (200, media)
    assert answer.fields["content-length"] == str(len(FILES[name]))
    assert answer.body == (FILES[name] if method == "GET" else b"")
    assert "content-encoding" not in answer.fields


@pytest.mark.parametrize(
    "path",
    [
        "/nonesuch",
        "/indexAhtml",
        "/index.html/",
        "/no/",
        "/no",
        "/docs/a",
        "//",
        "/./",
        "/docs/../index.html",
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/..%2fweb",
        "/docs%2F",
        "/docs/a%20b%.txt",
        "/docs/a%20b%zz.txt",
        "/index.html%00",
        "/%",
        "/%6",
        "/web",
        "/site",
    ],
)
def test_no_other_path_leads_anywhere(path: str, service: Service) -> None:
    assert get(service, path).status == 404


def test_a_folder_without_its_slash_is_redirected(service: Service) -> None:
    answer = get(service, "/docs?query")
    assert (answer.status, answer.fields["location"]) == (301, "/docs/")
    assert get(service, "/docs", method="HEAD").body == b""


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "TRACE"])
def test_other_methods_are_refused(method: str, service: Service) -> None:
    answer = get(service, "/", method=method)
    assert (answer.status, answer.fields["allow"]) == (405, "GET, HEAD")
    assert get(service, "/nonesuch", method=method).status == 404


@pytest.mark.parametrize("fields", [("Content-Length: 5",), ("Transfer-Encoding: chunked",)])
@pytest.mark.parametrize(("line", "status"), [("POST /", 405), ("GET /", 413), ("GET /nonesuch", 404)])
def test_a_body_is_refused_unread(line: str, status: int, fields: tuple[str, ...], service: Service) -> None:
    with Talk(service.port) as talk:
        talk.send(message(f"{line} HTTP/1.1", "Host: here", *fields, body=b"GET /healthz HTTP/1.1\r\n\r\n"))
        answer = talk.answer()
        assert answer is not None
        assert (answer.status, answer.fields["connection"]) == (status, "close")
        assert talk.closes()


# --- conditions ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("listed", ["{}", "W/{}", '"a", {}', '"a",W/{} , "b"', "*"])
def test_what_the_client_has_is_not_sent_again(listed: str, method: str, service: Service) -> None:
    tag = get(service, "/").fields["etag"]
    answer = get(service, "/", f"If-None-Match: {listed.format(tag)}", "Range: bytes=0-1", method=method)
    assert (answer.status, answer.body) == (304, b"")
    assert (answer.fields["etag"], answer.fields["vary"]) == (tag, "Accept-Encoding")
    assert not {"content-type", "content-length", "content-encoding"} & answer.fields.keys()


@pytest.mark.parametrize("listed", ['"a"', "", "{}x", "w/{}", "**"])
def test_another_tag_changes_nothing(listed: str, service: Service) -> None:
    tag = get(service, "/").fields["etag"]
    assert get(service, "/", f"If-None-Match: {listed.format(tag)}").body == PAGE


def test_each_form_of_a_file_has_a_tag_of_its_own(service: Service) -> None:
    plain, compressed = (get(service, "/", *fields).fields["etag"] for fields in [(), ("Accept-Encoding: gzip",)])
    assert plain != compressed
    for known, status in [(plain, 200), (compressed, 304)]:
        fields = (f"If-None-Match: {known}", "Accept-Encoding: gzip")
        for order in (fields, fields[::-1]):
            assert get(service, "/", *order).status == status


@pytest.mark.parametrize(
    ("asked", "begin", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=2-4", 2, 5),
        ("Bytes=2-", 2, 10),
        ("bytes=9-99999999999", 9, 10),
        ("bytes=-3", 7, 10),
        ("bytes=-99", 0, 10),
    ],
)
def test_a_range_of_a_file_is_sent(asked: str, begin: int, end: int, service: Service) -> None:
    answer = get(service, "/docs/a%20b%25.txt", f"Range: {asked}")
    assert (answer.status, answer.body) == (206, TEXT[begin:end])
    assert answer.fields["content-range"] == f"bytes {begin}-{end - 1}/10"
    assert answer.fields["content-length"] == str(end - begin)


@pytest.mark.parametrize(
    "asked",
    ["bytes=0-1,3-4", "bytes=4-2", "bytes=a-b", "bytes=-", "bytes=", "bytes=5", "lines=0-1", "bytes=--1", "0-1"],
)
def test_what_is_no_single_range_is_not_heeded(asked: str, service: Service) -> None:
    answer = get(service, "/docs/a%20b%25.txt", f"Range: {asked}")
    assert (answer.status, answer.body) == (200, TEXT)


def test_two_ranges_in_two_fields_are_not_heeded(service: Service) -> None:
    assert get(service, "/docs/a%20b%25.txt", "Range: bytes=0-1", "Range: bytes=0-1").status == 200


@pytest.mark.parametrize(
    ("path", "asked", "length"),
    [
        ("/docs/a%20b%25.txt", "bytes=10-", 10),
        ("/docs/a%20b%25.txt", "bytes=4294967296-", 10),
        ("/docs/a%20b%25.txt", "bytes=-0", 10),
        ("/empty.css", "bytes=0-", 0),
    ],
)
def test_a_range_beyond_the_end_cannot_be_had(path: str, asked: str, length: int, service: Service) -> None:
    answer = get(service, path, f"Range: {asked}")
    assert (answer.status, answer.fields["content-range"]) == (416, f"bytes */{length}")


def test_a_range_is_of_a_get_and_of_the_form_that_is_sent(service: Service) -> None:
    assert get(service, "/", "Range: bytes=0-1", method="HEAD").fields["content-length"] == str(len(PAGE))
    answer = get(service, "/", "Range: bytes=0-1", "Accept-Encoding: gzip")
    assert (answer.status, answer.body, answer.fields["content-encoding"]) == (206, b"\x1f\x8b", "gzip")


@pytest.mark.parametrize(
    ("known", "status"), [("{}", 206), ('"a"', 200), ("W/{}", 200), ("Fri, 27 Nov 2026 19:20:19 GMT", 200)]
)
def test_a_range_of_a_file_that_may_have_changed_is_the_whole(known: str, status: int, service: Service) -> None:
    tag = get(service, "/").fields["etag"]
    for fields in (order := ["Range: bytes=0-1", f"If-Range: {known.format(tag)}"]), order[::-1]:
        assert get(service, "/", *fields).status == status


# --- compressed forms ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fields", "is_compressed"),
    [
        (["Accept-Encoding: gzip"], True),
        (["Accept-Encoding: br, GZip;q=0.5"], True),
        (["Accept-Encoding: x-gzip"], True),
        (["Accept-Encoding: *"], True),
        (["Accept-Encoding: br", "Accept-Encoding: gzip"], True),
        (["Accept-Encoding: gzip ; q=0.001"], True),
        (["Accept-Encoding: gzip;q=1.000, identity;q=0.5"], True),
        (["Accept-Encoding: gzip;q=0.5, identity"], False),
        (["Accept-Encoding: gzip;q=0"], False),
        (["Accept-Encoding: gzip;q=0.000"], False),
        (["Accept-Encoding: gzip;q=0, *"], False),
        (["Accept-Encoding: *;q=0"], False),
        (["Accept-Encoding: gzip;q=x"], False),
        (["Accept-Encoding: br, deflate"], False),
        (["Accept-Encoding:"], False),
        (["Accept-Encoding: identity"], False),
        ([], False),
    ],
)
def test_a_compressed_form_is_for_whom_wants_it(fields: list[str], is_compressed: bool, service: Service) -> None:
    for path, data in (("/", PAGE), ("/app.js", FILES["app.js"])):
        answer = get(service, path, *fields)
        assert (answer.status, answer.fields["vary"]) == (200, "Accept-Encoding")
        assert answer.fields.get("content-encoding") == ("gzip" if is_compressed else None)
        assert (gzip.decompress(answer.body) if is_compressed else answer.body) == data
    assert (
        get(service, "/", *fields, method="HEAD").fields["content-length"]
        == get(service, "/", *fields).fields["content-length"]
    )


def test_a_file_without_a_compressed_form_does_not_vary(service: Service) -> None:
    answer = get(service, "/large.bin", "Accept-Encoding: gzip")
    assert answer.body == LARGE
    assert not {"vary", "content-encoding"} & answer.fields.keys()


# --- the connection ------------------------------------------------------------------------------------------


def test_pipelined_requests_for_long_and_short_files_are_answered_in_order(service: Service) -> None:
    names = ["large.bin", "healthz", "large.bin", "large.bin", "docs/index.html", "empty.css"] * 3
    with Talk(service.port) as talk:
        talk.send(b"".join(message(f"GET /{name} HTTP/1.1", "Host: here") for name in names))
        talk.end()
        for name in names:
            answer = talk.answer()
            assert answer is not None
            assert answer.body == FILES[name]
        assert talk.closes()


def test_the_last_answer_comes_whole_before_the_end(service: Service) -> None:
    with Talk(service.port) as talk:
        talk.send(message("GET /large.bin HTTP/1.1", "Host: here", "Connection: close"))
        answer = talk.answer()
        assert answer is not None
        assert answer.body == LARGE
        assert talk.closes()


def test_who_reads_nothing_does_not_keep_others_waiting(service: Service) -> None:
    talks = [Talk(service.port) for _ in range(20)]
    try:
        for talk in talks:
            talk.send(message("GET /large.bin HTTP/1.1", "Host: here") * 8)
        assert get(service, "/large.bin").body == LARGE
        assert service.memory_bytes() < 64 * 1024**2
    finally:
        for talk in talks:
            talk.socket.close()


@pytest.mark.parametrize("threads", [3])
def test_its_threads_end_when_told(threads: int, tag: str, start: Start) -> None:
    service = start("site", threads=threads, tag=tag, address="::")
    assert get(service, "/").body == PAGE
    assert service.stop()[0] == 0


AS_THEY_ARE = [case for case in (*HEADERS, *REQUEST_LINES) if b"/echo" not in case.request]
REFUSED = [case for case in CASES if case.ends and case not in AS_THEY_ARE and 200 not in case.statuses]


@pytest.mark.parametrize("case", AS_THEY_ARE, ids=lambda case: f"{case.section} {case.name}")
def test_heads_are_read_as_by_the_service(case: Case, service: Service) -> None:
    assert faults(case, service.port) == []


@pytest.mark.parametrize("case", REFUSED, ids=lambda case: f"{case.section} {case.name}")
def test_what_could_smuggle_a_request_ends_the_connection(case: Case, service: Service) -> None:
    """A body is never read, so that a fault in it is not seen: what counts is that no second request is."""
    status, _, ended = seen(case, service.port)
    assert ended
    assert status in {*case.statuses, 404, 405, 413}
