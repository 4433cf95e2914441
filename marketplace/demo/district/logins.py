"""Who may sign in to the demo. One password and one second factor for all: it is a demo."""

from __future__ import annotations

from typing import Final

from marketplace.demo.district import content_people
from marketplace.demo.district.content_catalog import firms

PASSWORD: Final = "Ferry-over-Han-2026"  # noqa: S105
TOTP_SECRET: Final = "SENARUMARKETDEMOSENARUMARKETDEMO"  # noqa: S105
CASHIER_OF: Final = "milbatnaru"
_ROLE_NAMES: Final = {
    "operator": "운영자",
    "campaign_manager": "캠페인 담당",
    "settlement_officer": "정산 담당",
    "approver": "승인자(팀장)",
    "auditor": "감사",
    "administrator": "관리자",
    "dong_clerk": "동 주민센터",
    "department_buyer": "부서 담당자",
}
_SHOWN_OWNERS: Final = ("milbatnaru", "gangeondeok", "sonpum")


def owner_email(slug: str) -> str:
    """Return the address the owner of an enterprise signs in with."""
    return f"owner.{slug}@senaru.example"


def cashier_email(slug: str) -> str:
    """Return the address the cashier of an enterprise signs in with."""
    return f"cashier.{slug}@senaru.example"


def lines() -> tuple[str, ...]:
    """Return what is printed when the demo is up."""
    names = {firm.slug: firm.name for firm in firms()}
    shown = [
        *(("주민", email) for email in content_people.resident_emails()[: content_people.SHOWN]),
        *((f"대표 · {names[slug]}", owner_email(slug)) for slug in _SHOWN_OWNERS),
        (f"계산원 · {names[CASHIER_OF]}", cashier_email(CASHIER_OF)),
        *((_ROLE_NAMES[seed.role], seed.email) for seed in content_people.staff()),
    ]
    return (
        *(f"{email:<36} {who}" for who, email in shown),
        f"비밀번호는 모두 {PASSWORD}",
        f"직원과 대표의 2단계 인증 비밀키는 모두 {TOTP_SECRET}",
    )
