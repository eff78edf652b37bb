"""Specs broken in every way that people break them: each problem is named once, at its place, with the cure."""

from __future__ import annotations

from pathlib import Path

import pytest

from syncer.errors import InvalidInput
from syncer.spec.load import load_project, validate_documents

BASE = """\
version: 1
source: {uri: data/a.csv}
target: {object: profiles}
mapping: {a: email}
"""
SETTINGS = """\
connections: {acme: {protocol: s3}, lake: {protocol: gs}}
"""

# What is added below BASE, so from line 5 on, and each problem as `line:column part of the message`.
ADDED = [
    ("maping: {a: b}", "5:1 unknown key 'maping'"),
    ("mode: auto", "5:1 it belongs under 'prepare'"),
    ("match_key: email", "5:1 it belongs under 'target'"),
    ("zzz: 1", "5:1 known here: version, name"),
    ("list_options: {create: x}", "5:1 unknown key 'list_options'"),
    ("version: 2", "5:1 duplicate key 'version', first given in line 1"),
    ("name: a b", "5:7 'a b' is not a valid name"),
    ('name: ""', "5:7 is not a valid name"),
    ("name: 5", '5:7 expected text, found a number (quote it: "5")'),
    ("name:", "5:6 expected text, found nothing"),
    ("name: -x", "5:7 '-x' is not a valid name"),
    ("name: " + "x" * 65, "5:7 is not a valid name"),
    ("name: con", "5:7 cannot be a file's name on Windows"),
    ("description: [x]", "5:14 expected text, found a list"),
    ('owner: ""', "5:8 must not be empty"),
    ("owner: true", '5:8 expected text, found true (quote it: "true")'),
    ("tags: nightly", "5:7 expected a list, found text (write it as a list: [nightly])"),
    ('tags: [a, ""]', "5:11 must not be empty"),
    ("tags: [a, 1]", "5:11 expected text, found a number"),
    ("tags: {a: b}", "5:7 expected a list, found a mapping"),
    ("formerly: x", "5:11 expected a list, found text"),
    ("formerly: [a b]", "5:12 'a b' is not a valid name"),
    ("formerly: [broken]", "5:12 'broken' is this spec's own name"),
    ("formerly: [x, x]", "5:15 'x' stands twice"),
    ("suspend: yes", "5:10 expected true or false or a mapping, found text"),
    ("suspend: {until: tomorrow}", "5:18 expected a date such as 2026-11-01"),
    ("suspend: {until: 2026-02-30}", "5:18 2026-02-30 is not a day of the calendar"),
    ("suspend: {until: 0226-02-20}", "5:18 the year 0226 is not between"),
    ("suspend: {reason: 1}", "5:19 expected text, found a number"),
    ("suspend: {resaon: x}", "5:11 did you mean 'reason'?"),
    ("timezone: Europe/Berln", "5:11 did you mean 'Europe/Berlin'?"),
    ("timezone: ../etc/passwd", "5:11 unknown timezone"),
    ("timezone: Europe", "5:11 unknown timezone"),
    ("constants: {email: x}", "5:13 field 'email' is already filled by column 'a'"),
    ("constants: {x: null}", "5:16 found nothing"),
    ("constants: {x: [1]}", "5:16 found a list"),
    ("constants: {x: 007}", "5:16 would lose its leading zero"),
    ("constants: {x: .nan}", "5:16 not a number that can be sent"),
    ("constants: {x: 1e999}", "5:16 too large"),
    ('constants: {"": x}', "5:13 a key must not be empty"),
    ("constants: [a]", "5:12 expected a mapping, found a list"),
    ("list: {}", "5:1 needs `create` or `add_to`"),
    ("list: Newsletter", "5:7 expected a mapping, found text"),
    ("list: {create: a, add_to: lst_1}", "5:19 contradict each other"),
    ("list: {create: 5}", '5:16 quote it: "5"'),
    ("list: {add_to: {nmae: x}}", "5:17 did you mean 'name'?"),
    ('list: {add_to: {name: "x {date}"}}', "5:23 templates are for create"),
    ("list: {add_to: {name: " + "x" * 201 + "}}", "5:23 must be 200 characters at most, found 201"),
    ("list: {create: " + "x" * 201 + "}", "5:16 a name has 200 characters at most, found 201"),
    ('list: {create: "x {dat}"}', "5:16 unknown template field {dat}"),
    ('list: {create: "x {date"}', "5:16 unbalanced brace"),
    ('list: {create: "x {date:%q}"}', "5:16 not %q"),
    ("audience: {}", "5:11 missing key 'create'"),
    ('audience: {create: "{env.HOME}"}', "5:20 unknown template field"),
    ("auto_profile: on", "5:15 on is text in YAML 1.2; write true"),
    ("auto_profile: 1", "5:15 expected true or false, found a number"),
    ("batch: {value: x}", "5:8 missing key 'field'"),
    ("batch: {field: email}", "5:16 already filled by column 'a'"),
    ("constants: {tag: x}\nbatch: {field: tag}", "6:16 already filled by a constant"),
    ('batch: {field: tag, value: "{{spec}}"}', "5:28 unbalanced brace"),
    ('batch: {field: tag, value: "{file.digest:99}"}', "5:28 length from 1 to 64"),
    ('batch: {field: tag, value: "{spec:x}"}', "5:28 takes no format"),
    ("prepare: {mode: pass}", "5:17 'pass' is not one of: auto, rewrite, passthrough"),
    ("prepare: {split: 5 GB}", "5:18 expected a size such as 500MB"),
    ("prepare: {split: 5}", "5:18 expected text, found a number (write it such as 5GB)"),
    ("prepare: {split: 0GB}", "5:18 expected a size"),
    ("prepare: {sort: true}", "5:17 sort needs target.match_key"),
    ("prepare: {format: xml}", "5:19 is not one of: csv, jsonl, parquet"),
    ("prepare: {mode: passthrough, format: csv}", "5:30 format changes the rows"),
    ("prepare: {mode: passthrough}\nconstants: {x: y}", "6:1 constants changes the rows"),
    ("prepare: {mode: passthrough}\nbatch: {field: y}", "6:1 batch changes the rows"),
    ("prepare: {mode: passthrough}\non_invalid: quarantine", "6:1 on_invalid changes the rows"),
    ("checks: {max_invalid: 0.5}", "5:23 expected text, found a number (write it such as 0.5%)"),
    ("checks: {max_invalid: 101%}", "5:23 expected a percentage between 0% and 100%"),
    ("checks: {min_rows: -1}", "5:20 must be at least 0, found -1"),
    ("checks: {min_rows: 1.5}", "5:20 expected a whole number, found 1.5"),
    ('checks: {min_rows: "10"}', "5:20 expected a whole number, found text"),
    ("checks: {never_send: [a]}", "4:11 column 'a' is mapped, but checks.never_send forbids it"),
    ("checks: {new_columns: error}", "5:23 is not one of: ignore, warn, fail"),
    ("checks:", "5:8 expected a mapping, found nothing"),
    ("on_invalid: sned", "5:13 did you mean 'send'?"),
    ("on_failure: stop", "5:13 'stop' is not one of: block, continue"),
    (
        "suppress: {keys: ../erased.txt}\nretry: {}",
        "5:1 suppress needs target.match_key",
        "5:18 is outside the project",
    ),
    ("suppress: {}", "5:11 missing key 'keys'"),
    ("retry: 3", "5:8 expected a mapping, found a number"),
    ("retry: {attempts: 0}", "5:19 must be at least 1, found 0"),
    ("retry: {attempts: 101}", "5:19 must be at most 100, found 101"),
    ("retry: {attempts: true}", "5:19 expected a whole number, found true"),
    ("depends_on: [nobody]", "5:14 no spec is called 'nobody'"),
    ("depends_on: [broken]", "5:14 depends_on goes in a circle: broken -> broken"),
    ("depends_on: broken", "5:13 expected a list"),
    ("limits: {files: 0}", "5:17 must be at least 1"),
    ("limits: {file: 1}", "5:10 did you mean 'files'?"),
    ("limits: {rows: 1_000}", "5:16 expected a whole number, found text"),
    ("expect_every: 1 day", "5:15 expected a duration such as 30s"),
    ("expect_every: 24", "5:15 write it such as 10m"),
    ("expect_every: 99999999d", "5:15 expected a duration"),
    ("12: x", '5:1 a key must be text, found a number (quote it: "12")'),
    ("true: x", "5:1 a key must be text, found true"),
    ("? [a]\n: x", "5:3 a key must be text, not a list"),
    ("<<: {name: x}", "5:1 merge keys are not supported"),
    ("owner: !secret x", "5:8 tags such as !secret are not supported"),
    ("owner: @acme/crm", "5:8 (quote the whole value)"),
    ("owner: *team", "5:8 found undefined alias"),
    ("owner: a: b", "5:9 quote a text that holds a colon"),
    ("tags: [a", "5:7 this bracket is never closed (close it with ])"),
    ("tags: [a\nname: x", "5:7 this bracket is never closed (close it with ])"),
    ("tags: [a # ]\nname: x", "5:7 this bracket is never closed (close it with ])"),
    ('list: {create: "}"\nname: x', "5:7 this bracket is never closed (close it with })"),
    ("list: {add_to: [a}\nname: x", "5:16 this bracket is never closed (close it with ])"),
    ("list: {\n  create: x\n  add_to: y\n}", "7:9 put a comma between the entries of the mapping"),
    ('owner: "x', '5:8 this quote is never closed (close it with ")'),
    ("owner: 'x\nname: y\n---\nz: 1", "5:8 this quote is never closed (close it with ')"),
    ("retry:\n\tattempts: 3", "6:1 a tab cannot indent YAML (use spaces)"),
    ("---\nversion: 1", "6:1 a second document in one file"),
    ("maping: 1\nretry: {attempts: 0}\ntimezone: Mars", "5:1 'maping'", "6:19 at least 1", "7:11 unknown timezone"),
]

# Whole files.
WHOLE = [
    ("", "1:1 the file is empty (a spec needs version, source, target and mapping)"),
    ("# only a comment\n", "1:1 the file is empty"),
    ("just text", "1:1 expected a mapping, found text"),
    ("- a\n- b", "1:1 expected a mapping, found a list"),
    ("name: x", "1:1 missing key 'version'", "1:1 missing key 'source'", "1:1 'target'", "1:1 'mapping'"),
    (BASE.replace("version: 1", "version: 2"), "1:10 version 2 is not known; this syncer reads version 1"),
    (BASE.replace("version: 1", 'version: "1"'), "1:10 expected a whole number, found text"),
    (BASE.replace("version: 1", "version: true"), "1:10 expected a whole number, found true"),
    (BASE.replace("version: 1\n", ""), "1:1 missing key 'version' (add `version: 1`)"),
    (BASE.replace("mapping", "maping"), "4:1 unknown key 'maping' (did you mean 'mapping'?)"),
    (BASE.replace("mapping", "Mapping"), "4:1 did you mean 'mapping'?"),
    (BASE.replace("{a: email}", "{}"), "4:10 must not be empty"),
    (BASE.replace("{a: email}", "[a]"), "4:10 expected a mapping, found a list"),
    (BASE.replace("{a: email}", "{a: }"), "4:14 expected text or a mapping, found nothing"),
    (BASE.replace("{a: email}", '{a: ""}'), "4:14 must not be empty"),
    (BASE.replace("{a: email}", "{a: {type: string}}"), "4:14 missing key 'to'"),
    (BASE.replace("{a: email}", "{a: {to: b, type: strng}}"), "4:28 did you mean 'string'?"),
    (BASE.replace("{a: email}", "{a: {to: b, typ: date}}"), "4:22 did you mean 'type'?"),
    (BASE.replace("{a: email}", "{a: {to: b, timezone: UTC}}"), "4:22 timezone is for type datetime"),
    (BASE.replace("{a: email}", "{a: {to: b, type: datetime, timezone: CETT}}"), "4:48 unknown timezone 'CETT'"),
    (BASE.replace("{a: email}", "{a: {to: b, clean: trim}}"), "4:29 expected a list"),
    (BASE.replace("{a: email}", "{a: {to: b, clean: [trm]}}"), "4:30 did you mean 'trim'?"),
    (BASE.replace("{a: email}", "{a: {to: b, clean: [lower, upper]}}"), "4:29 contradict each other"),
    (BASE.replace("{a: email}", "{a: {to: b, mask: md5}}"), "4:28 'md5' is not one of: hmac"),
    (BASE.replace("{a: email}", "{a: {to: b, type: date, mask: hmac}}"), "4:34 a masked value is text"),
    (BASE.replace("{a: email}", "{a: email, b: email}"), "4:24 field 'email' is already filled by column 'a'"),
    (BASE.replace("{a: email}", "{a: email, a: name}"), "4:21 duplicate key 'a'"),
    (BASE.replace("{object: profiles}", "profiles"), "3:9 expected a mapping, found text"),
    (BASE.replace("{object: profiles}", "{objct: profiles}"), "3:10 did you mean 'object'?"),
    (BASE.replace("{object: profiles}", "{}"), "3:9 missing key 'object'"),
    (BASE.replace("{object: profiles}", "{object: p, match_key: a}"), "3:32 did you mean 'email'?"),
    (BASE.replace("{object: profiles}", "{object: p, match_key: emial}"), "3:32 did you mean 'email'?"),
    (BASE.replace("{object: profiles}", "{object: p, via: api}"), "3:26 'api' is not one of: import, records, auto"),
    (
        BASE.replace("{object: profiles}", "{object: p, via: records}") + "list: {create: x}",
        "5:1 list needs an import job",
    ),
    (
        BASE.replace("{object: profiles}", "{object: p, via: records}") + "prepare: {split: 5GB}",
        "5:11 split needs an import job",
    ),
    (BASE.replace("{uri: data/a.csv}", "data/a.csv"), "2:9 expected a mapping, found text"),
    (BASE.replace("{uri: data/a.csv}", "{}"), "2:9 missing key 'uri'"),
    (BASE.replace("{uri: data/a.csv}", "{url: data/a.csv}"), "2:10 did you mean 'uri'?"),
    (BASE.replace("data/a.csv", "5"), "2:15 expected text or a list, found a number"),
    (BASE.replace("data/a.csv", "[]"), "2:15 must not be empty"),
    (BASE.replace("data/a.csv", "[a.csv, a.csv]"), "2:23 the same as number 1"),
    (BASE.replace("data/a.csv", "[a.csv, 7]"), "2:23 expected text, found a number"),
    (BASE.replace("data/a.csv", "[a.csv, b.txt]"), "2:23 the format cannot be told from 'b.txt'"),
    (BASE.replace("data/a.csv", "data/"), "2:15 names a folder"),
    (BASE.replace("data/a.csv", "data/*"), "2:15 the format cannot be told from '*'"),
    (BASE.replace("data/a.csv", "data/a.csv.zip"), "2:15 .zip files are not understood"),
    (BASE.replace("data/a.csv", "data/a.parquet.gz"), "2:15 Parquet is compressed inside"),
    (BASE.replace("data/a.csv", r"data\a.csv"), "2:15 write forward slashes: data/a.csv"),
    (BASE.replace("data/a.csv", "C:/a.csv"), "2:15 'C:/a.csv' is outside the project"),
    (BASE.replace("data/a.csv", "/etc/a.csv"), "2:15 is outside the project"),
    (BASE.replace("data/a.csv", "file:///etc/a.csv"), "2:15 is outside the project"),
    (BASE.replace("data/a.csv", "../a.csv"), "2:15 is outside the project"),
    (BASE.replace("data/a.csv", "x/../../a.csv"), "2:15 is outside the project"),
    (BASE.replace("data/a.csv", "~/a.csv"), "2:15 ~ is not expanded"),
    (BASE.replace("data/a.csv", "ftp://h/a.csv"), "2:15 sources at ftp:// are not supported"),
    (BASE.replace("data/a.csv", "S33://h/a.csv"), "2:15 s33:// are not supported (did you mean 's3'?)"),
    (BASE.replace("data/a.csv", "s3a://h/a.csv"), "2:15 did you mean 's3'?"),
    (BASE.replace("data/a.csv", "s3:///a.csv"), "2:15 names no bucket (write it like s3://bucket/folder/*.csv)"),
    (BASE.replace("data/a.csv", "s3://b*/a.csv"), "2:15 the bucket must be named as it is"),
    (BASE.replace("data/a.csv", "s3://bucket.csv"), "2:15 names a bucket, and no file in it"),
    (BASE.replace("data/a.csv", '"gs://b-{date:%Y}/a.csv"'), "2:15 the bucket must be named as it is"),
    (BASE.replace("data/a.csv", "simplecache::s3://b/a.csv"), "2:15 chained URLs are not supported"),
    (BASE.replace("data/a.csv", "zip://a.csv::s3://b/a.zip"), "2:15 chained URLs are not supported"),
    (BASE.replace("data/a.csv", "s3://AKIA:s3cr3t@b/a.csv"), "2:15 a secret must not stand in a URI"),
    (BASE.replace("data/a.csv", '"https://h/a.csv?sv=1&sig=s3cr3t"'), "2:15 a secret must not stand in a URI"),
    (BASE.replace("data/a.csv", '"s3://b/a.csv?X-Amz-Signature=s3cr3t"'), "2:15 a secret must not stand in a URI"),
    (BASE.replace("data/a.csv", '"{date:%q}.csv"'), "2:15 not %q"),
    (BASE.replace("data/a.csv", '"{spec}.csv"'), "2:15 unknown template field {spec}; known here: {date}"),
    (BASE.replace("data/a.csv", '"{date:%d}.csv"'), "2:15 has no year"),
    (BASE.replace("data/a.csv", '"{date:%Y-%d}.csv"'), "2:15 without a month"),
    (BASE.replace("data/a.csv", "{date}/a.csv"), "2:21 (quote the whole value)"),
    (BASE.replace("a.csv}", "a.csv, lookback: 7d}"), "2:37 lookback needs a {date}"),
    (BASE.replace("a.csv}", "a.csv, lookback: 7}"), "2:37 write it such as 10m"),
    (BASE.replace("a.csv}", "a.csv, since: 11/01/2026}"), "2:34 expected a date such as 2026-11-01"),
    (BASE.replace("a.csv}", "a.csv, since: 3026-01-01}"), "2:34 the year 3026 is not between"),
    (BASE.replace("a.csv}", "a.csv, format: CSV}"), "2:35 did you mean 'csv'?"),
    (BASE.replace("a.csv}", "a.csv, order: name}"), "2:34 'name' is not one of: path, modified"),
    (BASE.replace("a.csv}", "a.csv, identity: etag}"), "2:37 did you mean 'tag'?"),
    (BASE.replace("a.csv}", "a.csv, on_change: reimport}"), "2:38 did you mean 'import'?"),
    (BASE.replace("a.csv}", "a.csv, ready: {marker: x/_OK}}"), "2:43 is not the name of one file"),
    (BASE.replace("a.csv}", "a.csv, ready: {marker: /_OK}}"), "2:43 is not the name of one file"),
    (BASE.replace("a.csv}", "a.csv, ready: {marker: ..}}"), "2:43 is not the name of one file"),
    (BASE.replace("a.csv}", "a.csv, ready: {marker: ../_OK}}"), "2:43 is not the name of one file"),
    (BASE.replace("a.csv}", 'a.csv, ready: {marker: "*.ok"}}'), "2:43 is not the name of one file"),
    (BASE.replace("a.csv}", 'a.csv, ready: {marker: "x\\\\y"}}'), "2:43 is not the name of one file"),
    (BASE.replace("a.csv}", 'a.csv, ready: {marker: "{date}.ok"}}'), "2:43 known here: {file.name}, {file.stem}"),
    (BASE.replace("a.csv}", 'a.csv, ready: {marker: "{file.name"}}'), "2:43 unbalanced brace"),
    (BASE.replace("a.csv}", 'a.csv, ready: {marker: "{file.name}"}}'), "2:43 is the data file itself"),
    (BASE.replace("a.csv}", 'a-*.csv, ready: {marker: "{file.stem}.csv"}}'), "2:45 is the data file itself"),
    (BASE.replace("a.csv}", "a.csv, ready: {min_age: 10}}"), "2:44 write it such as 10m"),
    (BASE.replace("a.csv}", "a.csv, ready: {min_age: soon}}"), "2:44 expected a duration"),
    (BASE.replace("a.csv}", 'a.csv, csv: {delimiter: "||"}}'), "2:44 must be 1 character at most, found 2"),
    (BASE.replace("a.csv}", "a.csv, csv: {delimiter: '\"'}}"), "2:44 cannot separate columns"),
    (
        BASE.replace("a.csv}", "a.csv, csv: {encoding: utf8-8}}"),
        "2:43 unknown encoding 'utf8-8' (did you mean 'utf-8'?)",
    ),
    (BASE.replace("a.csv}", "a.csv, csv: {encoding: hex}}"), "2:43 unknown encoding"),
    (BASE.replace("a.csv}", "a.csv, csv: {encoding: rot13}}"), "2:43 unknown encoding"),
    (BASE.replace("a.csv}", "a.csv, csv: {encoding: idna}}"), "2:43 unknown encoding"),
    (BASE.replace("a.csv}", "a.csv, csv: {encoding: undefined}}"), "2:43 unknown encoding"),
    (BASE.replace("a.csv}", "a.jsonl, csv: {}}"), "2:29 options for CSV, but the files are jsonl"),
    (BASE.replace("a.csv}", "a.csv, connection: acme}"), "2:39 local files need no connection (remove `connection`)"),
    (BASE.replace("a.csv}", "a.csv, connection: nobody}"), "2:39 local files need no connection"),
    (
        BASE.replace("data/a.csv", "[s3://b/a.csv, gs://b/a.csv], connection: acme"),
        "2:57 one connection cannot reach both s3:// and gs://",
    ),
    (
        BASE.replace("data/a.csv", "[s3://b/a.csv, b.csv], connection: acme"),
        "2:50 one connection cannot reach both s3:// and file://",
    ),
    (BASE.replace("data/a.csv", "s3://b/a.csv, connection: other"), "2:41 no connection 'other' in syncer.yaml"),
    (BASE.replace("data/a.csv", "s3://b/a.csv, connection: acne"), "2:41 did you mean 'acme'?"),
    (BASE.replace("data/a.csv", "s3://b/a.csv, connection: lake"), "2:41 is for gs://, but the URI is s3://"),
]


def problems_of(root: Path, text: str | bytes) -> list[str]:
    (root / "specs").mkdir()
    (root / "syncer.yaml").write_text(SETTINGS)
    (root / "specs" / "broken.yaml").write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(InvalidInput) as caught:
        load_project(root, environ={})
    assert validate_documents(root, environ={}) == caught.value.problems
    for problem in caught.value.problems:
        assert problem.path == "specs/broken.yaml"
        assert "s3cr3t" not in f"{problem}{problem.source_line}"
    return [str(problem).removeprefix("specs/broken.yaml:") for problem in caught.value.problems]


def matches(found: str, expected: str) -> bool:
    place, _, fragment = expected.partition(" ")
    if ":" not in place or not place[0].isdigit():
        return expected in found
    return found.startswith(f"{place}: ") and all(part in found for part in fragment.split(" ... "))


@pytest.mark.parametrize(("text", "expected"), [(case[0], case[1:]) for case in ADDED], ids=[c[0][:40] for c in ADDED])
def test_added_lines(text: str, expected: tuple[str, ...], tmp_path: Path) -> None:
    """A spec that one or two added lines break has exactly the problems of these lines."""
    found = problems_of(tmp_path, BASE + text + "\n")
    assert len(found) == len(expected), found
    assert all(map(matches, found, expected)), found


@pytest.mark.parametrize(("text", "expected"), [(case[0], case[1:]) for case in WHOLE], ids=range(len(WHOLE)))
def test_whole_files(text: str, expected: tuple[str, ...], tmp_path: Path) -> None:
    """A broken file has exactly the problems that are in it, each at its place."""
    found = problems_of(tmp_path, text)
    assert len(found) == len(expected), found
    assert all(map(matches, found, expected)), found
