"""Say what a store's refusal means and what to check, in the same words for every cloud."""

from __future__ import annotations

from enum import StrEnum

from syncer.errors import SourceError
from syncer.source.stores.base import Place


class Kind(StrEnum):
    """What is wrong, as far as a store tells."""

    NO_BUCKET = "no bucket"
    NO_CREDENTIALS = "no credentials"
    WRONG_CREDENTIALS = "wrong credentials"
    NO_PERMISSION = "no permission"
    ELSEWHERE = "elsewhere"
    UNREACHABLE = "unreachable"
    NOT_PUBLIC = "not public"
    COLD = "cold"
    OTHER = "other"


_CONTAINER = {"s3": "bucket", "gs": "bucket", "az": "container", "abfss": "container"}

_ADDRESS = {"s3": "endpoint_url and region", "gs": "endpoint_url", "az": "account and endpoint_url"}

_CHAIN = {
    "s3": "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, a profile, or the role of this machine or workflow",
    "gs": "GOOGLE_APPLICATION_CREDENTIALS, `gcloud auth application-default login`, or workload identity",
    "az": "AZURE_STORAGE_CONNECTION_STRING, AZURE_STORAGE_ACCOUNT_KEY or AZURE_STORAGE_SAS_TOKEN, `az login`, or "
    "workload identity",
}

_RIGHTS = {
    "s3": "s3:ListBucket on the bucket and s3:GetObject on its objects",
    "gs": "storage.objects.list and storage.objects.get (Storage Object Viewer)",
    "az": "read and list (Storage Blob Data Reader)",
}


def failed(kind: Kind, place: Place, doing: str, *, detail: str = "") -> SourceError:
    """Make the error. `doing` is what was tried (`listed`, `read`), `detail` the store's own word for the refusal."""
    noun = _CONTAINER.get(place.protocol, "bucket")
    cloud = "az" if place.protocol == "abfss" else place.protocol
    what, why, next_step = {
        Kind.NO_BUCKET: (
            f"{noun} {place.bucket} does not exist",
            "the store knows none of this name here",
            f"check the {noun}'s name in source.uri, and {_ADDRESS[cloud]} of {_settings(place)}",
        ),
        Kind.NO_CREDENTIALS: (
            f"{noun} {place.bucket} cannot be {doing}: no credentials were found",
            f"{_who(place)} found none in the cloud's standard places",
            f"give them: {_CHAIN[cloud]}; or set `anonymous: true` for public data",
        ),
        Kind.WRONG_CREDENTIALS: (
            f"{noun} {place.bucket} cannot be {doing}: the credentials are not accepted",
            f"the store does not accept those that {_who(place)} gave",
            f"check {_CHAIN[cloud]}, whether they have expired, and this machine's clock",
        ),
        Kind.NO_PERMISSION: (
            f"{noun} {place.bucket} cannot be {doing}: permission denied",
            f"{_who(place)} may not do that",
            f"give it {_RIGHTS[cloud]}",
        ),
        Kind.NOT_PUBLIC: (
            f"{noun} {place.bucket} cannot be {doing}: it is not public",
            f"{_who(place)} asks as nobody (`anonymous: true`), and the store refuses that",
            f"take `anonymous` out and give credentials: {_CHAIN[cloud]}",
        ),
        Kind.ELSEWHERE: (
            f"{noun} {place.bucket} cannot be {doing}: it is in another region",
            f"{_who(place)} asks the wrong region for it",
            f"set the {noun}'s region: `region` of {_settings(place)}",
        ),
        Kind.UNREACHABLE: (
            f"{noun} {place.bucket} cannot be reached",
            f"no usable answer from the store of {_who(place)}",
            f"check {_ADDRESS[cloud]} of {_settings(place)}, and this machine's network",
        ),
        Kind.COLD: (
            f"an object of {place.bucket} is archived and cannot be read",
            "it lies in an archive tier",
            "restore it first, or leave it out with source.since",
        ),
        Kind.OTHER: (
            f"{noun} {place.bucket} cannot be {doing}",
            f"the store refused {_who(place)}",
            "",
        ),
    }[kind]
    check = f"{next_step}; test it: syncer doctor" if next_step else "test the connection: syncer doctor"
    return SourceError(what, where=str(place), why=f"{why} ({detail})" if detail else why, next_step=check)


def _who(place: Place) -> str:
    return f"connection {place.name}" if place.name else "the default connection"


def _settings(place: Place) -> str:
    return f"connection {place.name} in syncer.yaml" if place.name else "the environment"
