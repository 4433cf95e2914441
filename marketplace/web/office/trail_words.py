"""What the acts on applications and enterprises are called."""

from __future__ import annotations

from typing import Final

ACTIONS: Final = {
    "application.submitted": "신청서를 냈습니다",
    "application.revision": "보완을 요청했습니다",
    "application.approved": "승인했습니다",
    "application.declined": "반려했습니다",
    "application.point_accepted": "점검 항목을 확인했습니다",
    "application.point_returned": "점검 항목을 돌려보냈습니다",
    "application.point_waived": "점검 항목을 면제했습니다",
    "enterprise.approved": "입점을 승인했습니다",
    "enterprise.suspended": "판매를 정지했습니다",
    "enterprise.active": "판매를 다시 열었습니다",
    "enterprise.closed": "폐점 처리했습니다",
    "enterprise.imported": "등록부 파일로 고쳤습니다",
    "enterprise.profile_changed": "가게 소개를 고쳤습니다",
    "designation.granted": "지정을 더했습니다",
    "designation.revoked": "지정을 취소했습니다",
    "bank_account.changed": "정산 계좌를 바꾸었습니다",
    "member.invited": "구성원을 초대했습니다",
    "invitation.revoked": "초대를 거두었습니다",
    "member.admitted": "구성원이 되었습니다",
    "member.role_changed": "구성원의 역할을 바꾸었습니다",
    "member.dismissed": "구성원에서 뺐습니다",
}
