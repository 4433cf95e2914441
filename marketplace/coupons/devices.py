"""The phones and tills of an enterprise, each known by a secret in its cookie."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from sqlalchemy import ColumnElement, select

from marketplace.accounts.models import Person
from marketplace.audit import trail
from marketplace.core import masking, sealing
from marketplace.core.db import db
from marketplace.core.errors import InvalidInput, NotFound
from marketplace.core.money import Won
from marketplace.coupons.counter_models import CounterDevice
from marketplace.enterprises.models import Enterprise

# More than a day's takings of a small shop is no cap.
LARGEST_CAP: Final = Won(2_000_000)
LONGEST_NAME: Final = 40
_PURPOSE: Final = "counter.device"


class DeviceNotFound(NotFound):
    """No such device, or it was taken out of use."""

    message = "등록된 계산대 기기가 아닙니다. 이 기기를 다시 등록해 주세요."


class NameMissing(InvalidInput):
    """A device has a name people know it by."""

    field = "name"
    message = "기기 이름을 1자에서 40자로 적어 주세요."


class CapOutOfRange(InvalidInput):
    """The cap is an amount the office may set."""

    message = "한도는 0원에서 {largest:,}원까지 정할 수 있습니다."


@dataclass(frozen=True)
class Device:
    """One device; `registered_by` is masked."""

    id: int
    enterprise_id: int
    enterprise_name: str
    name: str
    offline_cap: Won
    registered_by: str
    registered_at: datetime
    revoked_at: datetime | None


def register(*, enterprise_id: int, name: str, person_id: int, at: datetime) -> tuple[int, str]:
    """
    Register a device and return its id and the secret for its cookie; it starts without a cap.

    :raises NameMissing:
    """
    called = " ".join(name.split())
    if not 1 <= len(called) <= LONGEST_NAME:
        raise NameMissing
    secret = secrets.token_urlsafe(32)
    device = CounterDevice(
        enterprise_id=enterprise_id,
        name=called,
        digest=sealing.digest(secret, purpose=_PURPOSE),
        registered_by=person_id,
        registered_at=at,
    )
    db.session.add(device)
    db.session.flush()
    _record("counter_device.registered", device.id, person_id, {"name": called})
    return device.id, secret


def find(secret: str, *, enterprise_id: int) -> Device | None:
    """Return the device of an enterprise that holds a secret, unless it was taken out of use."""
    if not secret:
        return None
    digests = sealing.digests(secret[:100], purpose=_PURPOSE)
    found = _list(
        CounterDevice.digest.in_(digests),
        CounterDevice.enterprise_id == enterprise_id,
        CounterDevice.revoked_at.is_(None),
    )
    return found[0] if found else None


def lock(device_id: int) -> CounterDevice:
    """
    Lock a device, so that what it reports is taken in one after the other.

    :raises DeviceNotFound:
    """
    device = db.session.get(CounterDevice, device_id, with_for_update=True, populate_existing=True)
    if device is None:
        raise DeviceNotFound
    return device


def list_devices(*, enterprise_id: int | None = None) -> list[Device]:
    """Return devices, those in use first; of all enterprises unless one is named."""
    if enterprise_id is None:
        return _list()
    return _list(CounterDevice.enterprise_id == enterprise_id)


def set_cap(*, device_id: int, cap: Won, actor_id: int, ip: str | None = None) -> None:
    """
    Say how much a device may take without network.

    :raises DeviceNotFound, CapOutOfRange:
    """
    if not 0 <= cap <= LARGEST_CAP:
        raise CapOutOfRange(largest=LARGEST_CAP)
    device = lock(device_id)
    if device.revoked_at is not None:
        raise DeviceNotFound
    before, device.offline_cap = device.offline_cap, cap
    db.session.flush()
    details: dict[str, object] = {"before": before, "after": cap}
    _record("counter_device.cap_set", device_id, actor_id, details, ip=ip)


def revoke(
    *,
    device_id: int,
    actor_id: int,
    at: datetime,
    enterprise_id: int | None = None,
    ip: str | None = None,
) -> None:
    """
    Take a device out of use, of this enterprise if one is named; twice changes nothing.

    :raises DeviceNotFound:
    """
    device = lock(device_id)
    if enterprise_id is not None and device.enterprise_id != enterprise_id:
        raise DeviceNotFound
    if device.revoked_at is not None:
        return
    device.revoked_at = at
    db.session.flush()
    _record("counter_device.revoked", device_id, actor_id, {}, ip=ip)


def _list(*which: ColumnElement[bool]) -> list[Device]:
    rows = db.session.execute(
        select(CounterDevice, Enterprise.name, Person.name)
        .join(Enterprise, Enterprise.id == CounterDevice.enterprise_id)
        .join(Person, Person.id == CounterDevice.registered_by)
        .where(*which)
        .order_by(CounterDevice.revoked_at.is_not(None), Enterprise.name, CounterDevice.id)
        .execution_options(populate_existing=True)
    )
    return [
        Device(
            id=device.id,
            enterprise_id=device.enterprise_id,
            enterprise_name=enterprise_name,
            name=device.name,
            offline_cap=device.offline_cap,
            registered_by=masking.name(person_name),
            registered_at=device.registered_at,
            revoked_at=device.revoked_at,
        )
        for device, enterprise_name, person_name in rows
    ]


def _record(
    action: str,
    device_id: int,
    actor_id: int,
    details: dict[str, object],
    *,
    ip: str | None = None,
) -> None:
    trail.record(
        action,
        subject_kind="counter_device",
        subject_id=device_id,
        actor_id=actor_id,
        details=details,
        ip=ip,
    )
