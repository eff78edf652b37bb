"""Rules of `source`: where the files are, what they are, and that no secret or foreign path stands there."""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator
from datetime import date
from typing import Final

from syncer.model import templates
from syncer.model.files import FORMAT_BY_EXTENSION, SourceFormat, stem_of
from syncer.model.protocols import LOCAL_PROTOCOLS, protocol
from syncer.model.spec import Source
from syncer.settings import Settings
from syncer.spec.fault import Fault, did_you_mean
from syncer.spec.rules.paths import local_path_fault
from syncer.spec.yaml_values import Keys

_SIGNED = re.compile(
    r"(?i)[?&]([\w-]*(sig|signature|token|secret|password|key|keyid|accessid)|sv|se|sp|x-(amz|goog)-[\w-]+)="
)
_LOGIN: Final = re.compile(r"://[^/@]*:[^/@]*@")
_OTHER_COMPRESSIONS: Final = (".zip", ".bz2", ".xz", ".zst", ".zstd", ".lz4", ".tar", ".tgz", ".7z", ".z")
_FAMILIES: Final = (("file", "local"), ("s3",), ("gs",), ("az", "abfs", "abfss"))
_PROTOCOLS: Final = tuple(name for family in _FAMILIES for name in family)
_NO_FILES: Final = ("idna", "punycode", "unicode-escape", "raw-unicode-escape")
_GLOB: Final = re.compile(r"[*?\[\]]")
FIRST_YEAR: Final = 1970
LAST_YEAR: Final = 2199


def source_faults(source: Source, settings: Settings | None) -> Iterator[Fault]:
    formats: set[SourceFormat | None] = set()
    seen: dict[str, int] = {}
    for number, uri in enumerate(source.uris):
        keys: Keys = ("source", "uri") if isinstance(source.uri, str) else ("source", "uri", number)
        fault = next(_uri_faults(uri, keys, source, settings), None)  # a second would mostly follow from the first
        if fault is not None:
            yield fault
        elif uri in seen:
            yield Fault(keys, f"the same as number {seen[uri] + 1} of the list", "remove one of the two")
        seen.setdefault(uri, number)
        formats.add(source.format or format_of(uri))
    yield from _format_faults(source, formats)
    yield from _connection_faults(source, settings)
    yield from _date_faults(source)
    if source.ready is not None and source.ready.marker is not None:
        yield from _marker_faults(source.ready.marker, source)


def source_notes(source: Source) -> Iterator[Fault]:
    """Yield what is allowed and does nothing."""
    if source.ready is not None and source.ready.min_age is not None and _family_of(source.uris) == [_FAMILIES[0]]:
        message = "min_age has no effect on local files, whose times are those of a checkout or a copy"
        yield Fault(("source", "ready", "min_age"), message, "let a `marker` say that they are complete", of_key=True)


def format_of(uri: str) -> SourceFormat | None:
    """Tell the format from the extension, with or without `.gz`."""
    name = uri.rpartition("/")[2].lower().removesuffix(".gz")
    return next((known for ending, known in FORMAT_BY_EXTENSION.items() if name.endswith(ending)), None)


def _uri_faults(uri: str, keys: Keys, source: Source, settings: Settings | None) -> Iterator[Fault]:
    if _LOGIN.search(uri) or _SIGNED.search(uri):
        hint = "remove it from the file and its history, and replace it; name a `connection` instead"
        yield Fault(keys, "a secret must not stand in a URI", hint)
    if "::" in uri:
        yield Fault(keys, "chained URLs are not supported", "give the store's own URL; gzip is understood by itself")
    if "\\" in uri:
        yield Fault(
            keys, "backslashes do not separate folders here", f"write forward slashes: {uri.replace(chr(92), '/')}"
        )
    scheme = protocol(uri)
    if scheme not in _PROTOCOLS:
        hint = did_you_mean(scheme, _PROTOCOLS, otherwise=f"understood: {', '.join(_PROTOCOLS)}")
        yield Fault(keys, f"sources at {scheme}:// are not supported", hint)
    if settings is not None and scheme not in _with_aliases(settings.allow.protocols):
        allowed = ", ".join(settings.allow.protocols)
        message = f"the protocol {scheme}:// is not allowed"
        yield Fault(keys, message, f"allowed here: {allowed}; see allow.protocols in syncer.yaml")
    if (wrong := templates.problem(uri, ("date",))) is not None:
        yield Fault(keys, wrong)
    if (wrong := _incomplete_date(uri)) is not None:
        yield Fault(keys, wrong, "such as {date:%Y-%m-%d}")
    if scheme in LOCAL_PROTOCOLS and (fault := local_path_fault(uri.partition("://")[2] or uri, keys, settings)):
        yield fault
    if scheme not in LOCAL_PROTOCOLS and (wrong := _incomplete_bucket(uri)) is not None:
        yield Fault(keys, wrong, f"write it like {scheme}://bucket/folder/*.csv")
    yield from _name_faults(uri, keys, source)


def _incomplete_bucket(uri: str) -> str | None:
    bucket, _, key = uri.partition("://")[2].partition("/")
    if not bucket.partition("@")[0]:
        return "names no bucket"
    if _GLOB.search(bucket) or "{" in bucket:
        return "the bucket must be named as it is, without patterns"
    return None if key else "names a bucket, and no file in it"


def _with_aliases(protocols: tuple[str, ...]) -> set[str]:
    return {*protocols, *(("local",) if "file" in protocols else ())}


def _incomplete_date(uri: str) -> str | None:
    forms = [form or templates.DEFAULT_DATE_FORMAT for form in re.findall(r"\{date(?::([^{}]*))?\}", uri)]
    found = set(re.findall(r"%.", "".join(forms)))
    if forms and "%Y" not in found:
        return "{date} has no year (%Y), so no day can be read from the path"
    if "%d" in found and "%m" not in found:
        return "{date} has a day (%d) without a month (%m)"
    return None


def _name_faults(uri: str, keys: Keys, source: Source) -> Iterator[Fault]:
    name = uri.rpartition("/")[2].lower()
    if not name:
        yield Fault(keys, "names a folder", "name the files in it, such as *.csv")
    compression = next((ending for ending in _OTHER_COMPRESSIONS if name.endswith(ending)), None)
    if compression is not None:
        yield Fault(keys, f"{compression} files are not understood", "only .gz is")
    found = source.format or format_of(uri)
    if found is None:
        known = ", ".join(FORMAT_BY_EXTENSION)
        yield Fault(keys, f"the format cannot be told from {name!r}", f"give `format`; known extensions: {known}")
    if found == "parquet" and name.endswith(".gz"):
        yield Fault(keys, "Parquet is compressed inside; .parquet.gz is not accepted", "give the .parquet file itself")


def _format_faults(source: Source, formats: set[SourceFormat | None]) -> Iterator[Fault]:
    uri: tuple[Keys, ...] = (("source", "uri"), ("source", "format"))
    if "csv" in source.model_fields_set and None not in formats and "csv" not in formats:
        found = " and ".join(sorted(filter(None, formats)))
        yield Fault(
            ("source", "csv"), f"options for CSV, but the files are {found}", "remove `csv`", of_key=True, related=uri
        )
    if source.csv.delimiter in '"\n\r':
        yield Fault(("source", "csv", "delimiter"), "a quote or a line break cannot separate columns")
    if not _is_text_encoding(source.csv.encoding):
        known = ("utf-8", "utf-16", "windows-1252", "iso-8859-1", "iso-8859-15", "ascii", "cp1250", "shift_jis")
        hint = did_you_mean(source.csv.encoding, known, otherwise="such as utf-8 or windows-1252")
        yield Fault(("source", "csv", "encoding"), f"unknown encoding {source.csv.encoding!r}", hint)


def _is_text_encoding(name: str) -> bool:
    """Whether Python can read text files in it: not an encoding of bytes, of names or of source code."""
    try:
        "".encode(name)
        return codecs.lookup(name).name not in _NO_FILES
    except (LookupError, ValueError):
        return False


def _connection_faults(source: Source, settings: Settings | None) -> Iterator[Fault]:
    if source.connection is None:
        return
    keys: Keys = ("source", "connection")
    related: tuple[Keys, ...] = (("source", "uri"),)
    families = _family_of(source.uris)
    if families == [_FAMILIES[0]]:
        yield Fault(keys, "local files need no connection", "remove `connection`", related=related)
        return
    if settings is not None and source.connection not in settings.connections:
        known = ", ".join(settings.connections) or "none"
        hint = did_you_mean(source.connection, settings.connections, otherwise=f"named there: {known}")
        yield Fault(keys, f"no connection {source.connection!r} in syncer.yaml", hint)
        return
    if len(families) > 1:
        kinds = " and ".join(f"{family[0]}://" for family in families)
        message = f"one connection cannot reach both {kinds}"
        yield Fault(keys, message, "give each store a spec of its own", related=related)
        return
    if settings is not None and settings.connections[source.connection].protocol.lower() not in families[0]:
        given = settings.connections[source.connection].protocol
        message = f"connection {source.connection!r} is for {given}://, but the URI is {protocol(source.uris[0])}://"
        yield Fault(keys, message, related=related)


def _family_of(uris: tuple[str, ...]) -> list[tuple[str, ...]]:
    """Return the kinds of stores that the URIs are of, each once; one that is not understood is its own kind."""
    found = (next((f for f in _FAMILIES if protocol(uri) in f), (protocol(uri),)) for uri in uris)
    return list(dict.fromkeys(found))


def _marker_faults(marker: str, source: Source) -> Iterator[Fault]:
    keys: Keys = ("source", "ready", "marker")
    hint = "the marker stands beside the data: a name such as _SUCCESS or {file.name}.done"
    if (wrong := templates.problem(marker, ("file.name", "file.stem"))) is not None:
        yield Fault(keys, wrong, hint)
    elif _GLOB.search(marker) or "/" in marker or "\\" in marker or marker in (".", ".."):
        yield Fault(keys, f"{marker!r} is not the name of one file", hint)
    elif any(_names_the_data(marker, uri) for uri in source.uris):
        yield Fault(keys, f"{marker!r} is the data file itself", hint, related=(("source", "uri"),))


def _names_the_data(marker: str, uri: str) -> bool:
    """Whether the marker of any file of the URI is that file."""
    name = _GLOB.sub("x", templates.date_as_glob(uri.rpartition("/")[2]))
    return "{" in marker and marker.replace("{file.name}", name).replace("{file.stem}", stem_of(name)) == name


def _date_faults(source: Source) -> Iterator[Fault]:
    if source.since is not None and (fault := implausible(source.since, ("source", "since"))):
        yield fault
    if source.lookback is not None and not all(templates.uses(uri, "date") for uri in source.uris):
        message = "lookback needs a {date} in every URI, to know which day a file is of"
        yield Fault(("source", "lookback"), message, "add one, or remove `lookback`", related=(("source", "uri"),))


def implausible(day: date, keys: Keys) -> Fault | None:
    """Refuse a year that can only be a slip of the keyboard."""
    if FIRST_YEAR <= day.year <= LAST_YEAR:
        return None
    return Fault(keys, f"the year {day.year:04} is not between {FIRST_YEAR} and {LAST_YEAR}")
