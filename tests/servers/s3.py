"""Buckets of a store that speaks S3."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from tests.servers.store import in_parallel, unique_name

ACCESS_KEY = "testing"
SECRET_KEY = "testingsecret"
REGION = "us-east-1"
PART_BYTES = 5 * 1024 * 1024  # the smallest that S3 takes for all parts but the last


def connect(endpoint_url: str, secret: str = SECRET_KEY) -> Any:
    """Make a boto3 client that knows nothing of the machine's own settings."""
    import boto3
    from botocore.config import Config

    return boto3.session.Session(ACCESS_KEY, secret, region_name=REGION).client(
        "s3",
        endpoint_url=endpoint_url,
        config=Config(s3={"addressing_style": "path"}, max_pool_connections=32, proxies={}),
    )


@dataclass(frozen=True)
class S3Server:
    """A store that speaks S3; `fill` is its own fast way to write many small objects, where it has one."""

    endpoint_url: str
    fill: Callable[[str, Iterable[str], bytes], None] | None = None
    protocol: str = "s3"
    environ: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        environ = {
            "AWS_ACCESS_KEY_ID": ACCESS_KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
            "AWS_REGION": REGION,
            "AWS_DEFAULT_REGION": REGION,
            "AWS_ENDPOINT_URL": self.endpoint_url,
        }
        object.__setattr__(self, "environ", environ)

    @cached_property
    def client(self) -> Any:
        return connect(self.endpoint_url)

    def make_bucket(self) -> S3Bucket:
        bucket = S3Bucket(self, unique_name())
        self.client.create_bucket(Bucket=bucket.name)
        return bucket


@dataclass(frozen=True)
class S3Bucket:
    server: S3Server
    name: str

    def uri(self, key: str = "") -> str:
        return f"s3://{self.name}/{key}"

    def put(self, key: str, data: bytes) -> None:
        self.server.client.put_object(Bucket=self.name, Key=key, Body=data)

    def put_multipart(self, key: str, data: bytes) -> None:
        """Write an object in parts of 5 MiB: its ETag then ends in `-` and the number of parts."""
        client, upload = self.server.client, {"Bucket": self.name, "Key": key}
        upload["UploadId"] = client.create_multipart_upload(**upload)["UploadId"]
        parts = []
        for number, start in enumerate(range(0, len(data), PART_BYTES), start=1):
            answer = client.upload_part(**upload, PartNumber=number, Body=data[start : start + PART_BYTES])
            parts.append({"PartNumber": number, "ETag": answer["ETag"]})
        client.complete_multipart_upload(**upload, MultipartUpload={"Parts": parts})

    def put_many(self, keys: Iterable[str], data: bytes = b"x") -> None:
        if self.server.fill is None:
            in_parallel(lambda key: self.put(key, data), keys)
        else:
            self.server.fill(self.name, keys, data)

    def get(self, key: str) -> bytes:
        body: bytes = self.server.client.get_object(Bucket=self.name, Key=key)["Body"].read()
        return body

    def head(self, key: str) -> dict[str, Any]:
        """Return what S3 says about an object: ETag, VersionId, StorageClass, Metadata, …."""
        answer: dict[str, Any] = self.server.client.head_object(Bucket=self.name, Key=key)
        return answer

    def keys(self) -> list[str]:
        pages = self.server.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return sorted(entry["Key"] for page in pages for entry in page.get("Contents", []))

    def delete(self, key: str) -> None:
        self.server.client.delete_object(Bucket=self.name, Key=key)

    def edit_metadata(self, key: str, **metadata: str) -> None:
        self._copy_onto_itself(key, Metadata=metadata)

    def change_storage_class(self, key: str) -> None:
        self._copy_onto_itself(key, Metadata=self.head(key)["Metadata"], StorageClass="STANDARD_IA")

    def switch_versioning_on(self) -> None:
        self.server.client.put_bucket_versioning(Bucket=self.name, VersioningConfiguration={"Status": "Enabled"})

    def _copy_onto_itself(self, key: str, **changes: Any) -> None:
        place = {"Bucket": self.name, "Key": key}
        self.server.client.copy_object(**place, CopySource=place, MetadataDirective="REPLACE", **changes)
