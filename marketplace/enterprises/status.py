"""From where to where an application and an enterprise may move."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from marketplace.enterprises.application_models import ApplicationStatus
from marketplace.enterprises.models import EnterpriseStatus

__all__ = ["APPLICATION_MOVES", "ENTERPRISE_MOVES", "ApplicationStatus", "EnterpriseStatus"]

APPLICATION_MOVES: Final[Mapping[ApplicationStatus, frozenset[ApplicationStatus]]] = {
    ApplicationStatus.DRAFT: frozenset({ApplicationStatus.SUBMITTED}),
    ApplicationStatus.SUBMITTED: frozenset(
        {ApplicationStatus.REVISION, ApplicationStatus.APPROVED, ApplicationStatus.DECLINED}
    ),
    ApplicationStatus.REVISION: frozenset({ApplicationStatus.SUBMITTED}),
    ApplicationStatus.APPROVED: frozenset(),
    ApplicationStatus.DECLINED: frozenset(),
}

# An enterprise of the registry that sells nothing yet opens by its application alone.
ENTERPRISE_MOVES: Final[Mapping[EnterpriseStatus, frozenset[EnterpriseStatus]]] = {
    EnterpriseStatus.APPLIED: frozenset({EnterpriseStatus.ACTIVE, EnterpriseStatus.CLOSED}),
    EnterpriseStatus.ACTIVE: frozenset({EnterpriseStatus.SUSPENDED, EnterpriseStatus.CLOSED}),
    EnterpriseStatus.SUSPENDED: frozenset({EnterpriseStatus.ACTIVE, EnterpriseStatus.CLOSED}),
    EnterpriseStatus.CLOSED: frozenset(),
}

APPLICATION_NAMES: Final = {
    ApplicationStatus.DRAFT: "작성 중",
    ApplicationStatus.SUBMITTED: "심사 대기",
    ApplicationStatus.REVISION: "보완 요청",
    ApplicationStatus.APPROVED: "승인",
    ApplicationStatus.DECLINED: "반려",
}

ENTERPRISE_NAMES: Final = {
    EnterpriseStatus.APPLIED: "입점 전",
    EnterpriseStatus.ACTIVE: "판매 중",
    EnterpriseStatus.SUSPENDED: "판매 정지",
    EnterpriseStatus.CLOSED: "폐점",
}
