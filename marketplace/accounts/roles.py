"""The roles of staff, and what they are called."""

from __future__ import annotations

from typing import Final

from marketplace.accounts.models import Role

__all__ = ["TITLES", "Role"]

TITLES: Final = {
    Role.OPERATOR: "운영자",
    Role.CAMPAIGN_MANAGER: "캠페인 담당자",
    Role.SETTLEMENT_OFFICER: "정산 담당자",
    Role.APPROVER: "승인자(팀장)",
    Role.AUDITOR: "감사자",
    Role.ADMINISTRATOR: "관리자",
    Role.DONG_CLERK: "동 주민센터 담당자",
    Role.DEPARTMENT_BUYER: "부서 구매 담당자",
}
