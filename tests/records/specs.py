"""What the tests of record batches share: specs, files and what was asked of the API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.apply.workspace import Workspace

BATCH = "POST /records/profiles/upsert-batch"

PEOPLE = """
version: 1
source: {uri: data/*.csv}
target: {object: profiles, match_key: email, via: records}
mapping:
  email_address: email
  FirstName: first_name
  points: {to: points, type: integer}
"""


def people(workspace: Workspace, name: str, *rows: str) -> None:
    """Write `data/<name>` of e-mail address, first name and points."""
    workspace.file(f"data/{name}", "email_address,FirstName,points", *rows)


def numbered(count: int, first_name: str = "Ann") -> list[str]:
    return [f"p{number}@x.io,{first_name},{number}" for number in range(count)]


def batches(workspace: Workspace, *, since: int = 0) -> list[Any]:
    """The batches that the API answered with success, in order."""
    return [each for each in workspace.requests(BATCH, since=since) if each.status == 200]


def permit(workspace: Workspace, spec: str = "crm") -> Any:
    (line,) = [line for line in workspace.log(spec) if line["event"] == "submitted"]
    return line
