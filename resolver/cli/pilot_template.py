"""`idis pilot derive`, `publish`, `withdraw`, `disable`, `enable`, `templates`: the life of a pilot's metadata templates."""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

from idis.proto.value import Value
from idis.registry.loading import deriving
from idis.registry.loading.derivations import derivation_at, derivations_below
from idis.registry.loading.deriving import Derived, held_values, put_template
from idis.registry.pilots.derivation import DESCRIPTION_BYTES_MAX, derived_record, registered_derivation, with_derivations
from idis.registry.pilots.schema import ObjectType, Pilot
from idis.registry.pilots.template import template_record
from idis.registry.pilots.template_life import STATE_WITHDRAWN, TemplateError, in_state, index_of, state_of
from idis.registry.pilots.template_name import template_handle
from idis.registry.pilots.validation import template_identifier
from idis.registry.registration import relisting
from idis.registry.registration.records import Recorded, publish_record
from idis.registry.registration.visibility import disable, enable
from idis.registry.store.base import ReadTxn, WriteTxn
from idis.resolver.cli.data_directory import commit, insist, opened
from idis.resolver.cli.identifier_argument import prefix_of
from idis.resolver.cli.output import CommandError, ExitCode, print_json, print_table


def derive(arguments: argparse.Namespace) -> None:
    """Register a template of an enterprise's own, or the next version of it."""
    prefix, now = prefix_of(arguments.prefix), int(time.time())
    octets = _description(arguments)

    def change(txn: WriteTxn) -> Derived:
        try:
            return insist(deriving.derive(txn, octets, prefix, now))
        except TemplateError as error:
            raise CommandError(f"{arguments.file.name}: {error}", ExitCode.REFUSED) from None

    done = commit(arguments, change).result
    with opened(arguments) as store:
        relisting.finish(store)
    derivation, version, disabled = done.derivation, done.version, done.disabled
    told = derivation.told
    if arguments.json:
        print_json(
            {
                "template": derivation.handle,
                "baseOn": derivation.base_on,
                "version": version,
                "changed": done.changed,
                "fields": [{"itemIndex": each["itemIndex"], "englishName": each["englishName"]} for each in told["fields"]],
                "narrowed": [each["englishName"] for each in told["narrowed"]],
                "disabled": list(disabled),
            }
        )
        return
    word = f"published, version {version}" if done.changed else f"unchanged, version {version}"
    print(f"{derivation.handle}: {word}, derived from {derivation.base_on}")
    if told["fields"]:
        own = [f"{each['itemIndex']} {each['englishName']}" for each in told["fields"]]
        print(f"  its own: {', '.join(own)}")
    if told["narrowed"]:
        print(f"  narrowed: {', '.join(each['englishName'] for each in told['narrowed'])}")
    if disabled:
        print(f"  disabled: {', '.join(disabled)}   (idis pilot enable {derivation.name.pilot} {derivation.name.code} FIELD)")
    print(f"next: idis import FILE --pilot {derivation.name.pilot} --object {derivation.name.code} --prefix {prefix}")


def extended(arguments: argparse.Namespace, pilot: Pilot) -> Pilot:
    """The pilot with the templates that were derived from its own below the prefix."""
    prefix, code = prefix_of(arguments.prefix), getattr(arguments, "object", None) or ""
    with opened(arguments) as store, store.read() as txn:
        try:
            derivation_at(txn, template_handle(prefix, pilot.name, code))  # of the one that is meant it is told why
        except TemplateError as error:
            raise CommandError(f"{error}: idis pilot derive FILE --prefix {prefix}", ExitCode.REFUSED) from None
        return with_derivations(pilot, derivations_below(txn, prefix, pilot.name))


def publish(arguments: argparse.Namespace, pilot: Pilot, chosen: ObjectType | None) -> None:
    """Register the templates, or publish them again: what was disabled stays so, what was withdrawn is in force again."""
    prefix, now = prefix_of(arguments.prefix), int(time.time())

    def change(txn: WriteTxn) -> list[Recorded]:
        return [_publish(txn, pilot, object_type, prefix, now) for object_type in _objects(pilot, chosen)]

    written = _committed(arguments, change)
    changed = [recorded.identifier for recorded in written if recorded.changed]
    if arguments.json:
        print_json({"templates": [recorded.identifier for recorded in written], "changed": changed})
    else:
        print(f"{len(written)} templates below {prefix}: {len(changed)} published, {len(written) - len(changed)} unchanged")


def _publish(txn: WriteTxn, pilot: Pilot, object_type: ObjectType, prefix: str, now: int) -> Recorded:
    values = values_of(txn, object_type, prefix)
    derivation = registered_derivation(template_identifier(object_type, prefix), values) if object_type.holder else None
    new = template_record(pilot, object_type, prefix) if derivation is None else derived_record(derivation)
    return insist(put_template(txn, new, now))


def withdraw(arguments: argparse.Namespace, pilot: Pilot, chosen: ObjectType | None) -> None:
    """Withdraw the templates: records of them stay, none is imported any more."""
    prefix, now = prefix_of(arguments.prefix), int(time.time())

    def change(txn: WriteTxn) -> list[Recorded]:
        return [_withdraw(txn, object_type, prefix, now) for object_type in _objects(pilot, chosen)]

    _tell(arguments, _committed(arguments, change), "withdrawn")


def _withdraw(txn: WriteTxn, object_type: ObjectType, prefix: str, now: int) -> Recorded:
    identifier, values = template_identifier(object_type, prefix), _insisted(txn, object_type, prefix)
    return insist(publish_record(txn, in_state(identifier, values, STATE_WITHDRAWN), now))


def set_item(arguments: argparse.Namespace, object_type: ObjectType, *, off: bool) -> None:
    """Disable or enable one item of a template, and its values in all records of it."""
    prefix, now = prefix_of(arguments.prefix), int(time.time())
    identifier = template_identifier(object_type, prefix)

    def change(txn: WriteTxn) -> list[Recorded]:
        try:
            index = index_of(identifier, _insisted(txn, object_type, prefix), arguments.field, to_disable=off)
        except TemplateError as error:
            raise CommandError(str(error)) from None
        return [insist((disable if off else enable)(txn, identifier, (index,), now))]

    _tell(arguments, _committed(arguments, change), f"{arguments.field} {'disabled' if off else 'enabled'}")


def list_templates(arguments: argparse.Namespace, pilot: Pilot) -> None:
    """State, version and disabled items of each template below a prefix."""
    prefix = prefix_of(arguments.prefix)
    with opened(arguments) as store, store.read() as txn:
        found = [(each, values) for each in pilot.objects.values() if (values := values_of(txn, each, prefix))]
    rows = [(template_identifier(each, prefix), *state_of(values)) for each, values in found]
    if arguments.json:
        names = ("template", "state", "version", "disabled")
        print_json([dict(zip(names, row, strict=True)) for row in rows])
    else:
        print_table(("template", "state", "version", "disabled items"), [(*row[:3], ", ".join(row[3])) for row in rows])


def values_of(txn: ReadTxn, object_type: ObjectType, prefix: str) -> tuple[Value, ...]:
    """The values of a registered template; none where it is not registered."""
    return tuple(held_values(txn, template_identifier(object_type, prefix)))


def _insisted(txn: ReadTxn, object_type: ObjectType, prefix: str) -> tuple[Value, ...]:
    values = values_of(txn, object_type, prefix)
    if not values:
        name = template_identifier(object_type, prefix)
        raise CommandError(f"{name} is not registered: idis pilot publish {object_type.pilot} --prefix {prefix}")
    return values


def _description(arguments: argparse.Namespace) -> bytes:
    try:
        with arguments.file.open("rb") as file:
            octets: bytes = file.read(DESCRIPTION_BYTES_MAX + 1)
    except OSError as error:
        raise CommandError(f"{arguments.file} cannot be read: {error.strerror}") from None
    return octets


def _objects(pilot: Pilot, chosen: ObjectType | None) -> tuple[ObjectType, ...]:
    return tuple(pilot.objects.values()) if chosen is None else (chosen,)


def _committed(arguments: argparse.Namespace, change: Callable[[WriteTxn], list[Recorded]]) -> list[Recorded]:
    written = commit(arguments, change).result
    with opened(arguments) as store:
        relisting.finish(store)
    return written


def _tell(arguments: argparse.Namespace, written: list[Recorded], what: str) -> None:
    if arguments.json:
        changed = [one.identifier for one in written if one.changed]
        print_json({"templates": [one.identifier for one in written], "changed": changed})
        return
    for one in written:
        print(f"{one.identifier}: {what}{'' if one.changed else ' already'}")


