"""Say what a store's refusal means and what to check, in the same words for every cloud."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from syncer.errors import SourceError
from syncer.source.stores.base import Place


class Kind(StrEnum):
    """What is wrong, as far as a store tells."""

    NO_BUCKET = "no bucket"
    NO_CREDENTIALS = "no credentials"
    WRONG_CREDENTIALS = "wrong credentials"
    NO_PERMISSION = "no permission"
    NOT_PUBLIC = "not public"
    ELSEWHERE = "elsewhere"
    UNREACHABLE = "unreachable"
    COLD = "cold"
    OTHER = "other"


_CHAIN: Final = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or the role of this machine or workflow",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS, `gcloud auth application-default login`, or workload identity",
    "az": "AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN, `az login`, or "
    "workload identity",
}
_RIGHTS: Final = {
    "s3": "s3:ListBucket on the bucket and s3:GetObject on its objects",
    "gs": "storage.objects.list and storage.objects.get (Storage Object Viewer)",
    "az": "read and list (Storage Blob Data Reader)",
}
_ADDRESS: Final = {"s3": "endpoint_url and region", "gs": "endpoint_url", "az": "account and endpoint_url"}

_WORDS: Final[Mapping[Kind, tuple[str, str, str]]] = {
    Kind.NO_BUCKET: (
        "{bucket} does not exist",
        "the store knows none of this name here",
        "check the {noun}'s name in source.uri, and {address} of {settings}",
    ),
    Kind.NO_CREDENTIALS: (
        "{bucket} cannot be {doing}: no credentials were found",
        "{who} found none in the cloud's standard places",
        "give them: {chain}; or set `anonymous: true` for public data",
    ),
    Kind.WRONG_CREDENTIALS: (
        "{bucket} cannot be {doing}: the credentials are not accepted",
        "the store does not accept those that {who} gave",
        "check {chain}, whether they have expired, and this machine's clock",
    ),
    Kind.NO_PERMISSION: (
        "{bucket} cannot be {doing}: permission denied",
        "{who} may not do that",
        "give it {rights}",
    ),
    Kind.NOT_PUBLIC: (
        "{bucket} cannot be {doing}: it is not public",
        "{who} asks as nobody (`anonymous: true`), and the store refuses that",
        "take `anonymous` out and give credentials: {chain}",
    ),
    Kind.ELSEWHERE: (
        "{bucket} cannot be {doing}: it is in another region",
        "{who} asks the wrong region for it",
        "set the {noun}'s own `region` on {settings}",
    ),
    Kind.UNREACHABLE: (
        "{bucket} cannot be reached",
        "no usable answer from the store of {who}",
        "check {address} of {settings}, and this machine's network",
    ),
    Kind.COLD: (
        "an object of {bucket} is archived and cannot be read",
        "it lies in an archive tier",
        "restore it first, or leave it out with source.since",
    ),
    Kind.OTHER: ("{bucket} cannot be {doing}", "the store refused {who}", ""),
}


def failed(kind: Kind, place: Place, doing: str, *, detail: str = "") -> SourceError:
    """Make the error. `doing` is what was tried (`listed`, `read`), `detail` the store's own word for the refusal."""
    cloud = place.protocol if place.protocol in ("s3", "gs") else "az"
    noun = "container" if cloud == "az" else "bucket"
    facts = {
        "noun": noun,
        "bucket": f"{noun} {place.bucket}",
        "doing": doing,
        "who": f"connection {place.name}" if place.name else "the default connection",
        "settings": f"connection {place.name} in syncer.yaml" if place.name else "the environment",
        "chain": _CHAIN[cloud],
        "rights": _RIGHTS[cloud],
        "address": _ADDRESS[cloud],
    }
    what, why, check = (words.format_map(facts) for words in _WORDS[kind])
    return SourceError(
        what,
        where=str(place),
        why=f"{why} ({detail})" if detail else why,
        next_step=f"{check}; test it: syncer doctor" if check else "test the connection: syncer doctor",
    )
