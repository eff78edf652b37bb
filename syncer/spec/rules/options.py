"""Rules of the options around the rows: templates, lists and audiences, preparation, suspension."""

from __future__ import annotations

import re
from collections.abc import Iterator

from syncer.model import templates
from syncer.model.spec import ListByName, Spec, Suspend
from syncer.settings import Settings
from syncer.spec.fault import Fault
from syncer.spec.rules.paths import local_path_fault
from syncer.spec.rules.sources import implausible
from syncer.spec.rules.zones import zone_fault
from syncer.spec.yaml_values import Keys

MAX_NAME = 200
"""The Lists API takes names of 1 to 200 characters; audiences are held to the same."""


def option_faults(spec: Spec, settings: Settings | None) -> Iterator[Fault]:
    yield from _name_faults(spec)
    yield from _list_faults(spec)
    yield from _passthrough_faults(spec)
    if spec.batch is not None and (wrong := templates.problem(spec.batch.value)) is not None:
        yield Fault(("batch", "value"), wrong)
    if (fault := zone_fault(spec.timezone, ("timezone",))) is not None:
        yield fault
    if isinstance(spec.suspend, Suspend) and spec.suspend.until is not None:
        fault = implausible(spec.suspend.until, ("suspend", "until"))
        if fault is not None:
            yield fault
    if spec.suppress is not None:
        fault = local_path_fault(spec.suppress.keys, ("suppress", "keys"), settings)
        if fault is not None:
            yield fault
    if spec.target.via == "records":
        yield from _records_faults(spec)


def _records_faults(spec: Spec) -> Iterator[Fault]:
    needing: list[tuple[Keys, object]] = [
        (("list",), spec.list_options),
        (("audience",), spec.audience),
        (("auto_profile",), spec.auto_profile),
        (("prepare", "split"), spec.prepare.split),
    ]
    for keys, given in needing:
        if given:
            message = f"{keys[-1]} needs an import job, but target.via is records"
            yield Fault(keys, message, "use `via: import`", of_key=True, related=(("target", "via"),))


def _name_faults(spec: Spec) -> Iterator[Fault]:
    named: list[tuple[Keys, str]] = []
    if spec.list_options is not None and spec.list_options.create is not None:
        named.append((("list", "create"), spec.list_options.create))
    if spec.audience is not None:
        named.append((("audience", "create"), spec.audience.create))
    for keys, template in named:
        wrong = templates.problem(template)
        if wrong is not None:
            yield Fault(keys, wrong)
            continue
        fixed = len(re.sub(r"\{[^{}]*\}", "", template))
        if fixed > MAX_NAME:
            yield Fault(keys, f"a name has {MAX_NAME} characters at most, found {fixed}")


def _list_faults(spec: Spec) -> Iterator[Fault]:
    options = spec.list_options
    if options is None:
        return
    if options.create is None and options.add_to is None:
        yield Fault(("list",), "needs `create` or `add_to`", "remove `list` if no list is wanted", of_key=True)
    if options.create is not None and options.add_to is not None:
        message = "create and add_to contradict each other"
        yield Fault(("list", "add_to"), message, "keep one of the two", of_key=True, related=(("list", "create"),))
    if isinstance(options.add_to, ListByName) and "{" in options.add_to.name:
        yield Fault(("list", "add_to", "name"), "an existing list is named as it is; templates are for create")


def _passthrough_faults(spec: Spec) -> Iterator[Fault]:
    if spec.prepare.mode != "passthrough":
        return
    rewriting: list[tuple[Keys, bool]] = [
        (("constants",), bool(spec.constants)),
        (("batch",), spec.batch is not None),
        (("prepare", "format"), spec.prepare.format is not None),
        (("prepare", "sort"), spec.prepare.sort),
        (("suppress",), spec.suppress is not None),
        (("on_invalid",), spec.on_invalid == "quarantine"),
    ]
    for name, column in spec.mapping.items():
        rewriting += [
            (("mapping", name, "clean"), bool(column.clean)),
            (("mapping", name, "mask"), column.mask is not None),
            (("mapping", name, "timezone"), column.timezone is not None),
        ]
    for keys, present in rewriting:
        if present:
            message = f"{keys[-1]} changes the rows, but prepare.mode is passthrough"
            hint = "use `mode: rewrite` or `auto`"
            yield Fault(keys, message, hint, of_key=True, related=(("prepare", "mode"),))
