"""Write the trail."""

from __future__ import annotations

from collections.abc import Mapping

from marketplace.audit.models import AccessLog, AuditEvent
from marketplace.core.db import db
from marketplace.core.errors import InvalidInput


class ReasonMissing(InvalidInput):
    """Personal data is shown only for a stated reason."""

    message = "개인정보를 보는 사유를 적어 주세요."


def record(
    action: str,
    *,
    subject_kind: str,
    subject_id: int | None,
    actor_id: int | None = None,
    details: Mapping[str, object] | None = None,
    ip: str | None = None,
    request_id: str | None = None,
) -> None:
    """Add one act to the trail."""
    db.session.add(
        AuditEvent(
            action=action,
            subject_kind=subject_kind,
            subject_id=subject_id,
            actor_id=actor_id,
            details=dict(details or {}),
            ip=ip,
            request_id=request_id,
        )
    )


def record_look(
    *,
    actor_id: int,
    person_id: int | None,
    subject: str,
    task: str,
    reason: str,
    ip: str | None = None,
) -> None:
    """
    Add one look at a person's unmasked data.

    :raises ReasonMissing:
    """
    if not reason.strip():
        raise ReasonMissing
    db.session.add(
        AccessLog(
            actor_id=actor_id,
            person_id=person_id,
            subject=subject,
            task=task,
            reason=reason.strip(),
            ip=ip,
        )
    )
