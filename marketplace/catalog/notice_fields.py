"""Product notices (상품정보제공고시): what each kind of goods must tell (korea.md §5.5)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

# Allowed in any field; the reader then has to look for it in the product's story.
SEE_PAGE: Final = "상품상세 참조"
LONGEST: Final = 500
_OTHER: Final = "other"
_WARRANTY: Final = ("품질보증기준", "A/S 책임자와 전화번호")
_CALL: Final = "소비자상담 전화번호"

NAMES: Final[Mapping[str, str]] = {
    "processed": "가공식품",
    "farm": "농수축산물",
    "health": "건강기능식품",
    "cosmetic": "화장품",
    "chemical": "생활화학제품",
    "kids": "어린이제품",
    "apparel": "의류",
    "bag": "가방",
    "accessory": "패션잡화",
    "kitchen": "주방용품",
    "furniture": "가구",
    "book": "서적",
    "voucher": "상품권·쿠폰",
    "service": "서비스",
    _OTHER: "기타 재화",
}

_PROCESSED: Final = (
    "제품명",
    "식품의 유형",
    "생산자",
    "소재지",
    "제조연월일",
    "소비기한 또는 품질유지기한",
    "포장단위별 내용물의 용량·수량",
    "원재료명 및 함량",
    "영양성분",
    "유전자변형식품 해당 여부",
    "소비자안전을 위한 주의사항",
    "수입식품 문구",
    _CALL,
)

_FIELDS: Final[Mapping[str, tuple[str, ...]]] = {
    "processed": _PROCESSED,
    "farm": (
        "품목 또는 명칭",
        "포장단위별 내용물의 용량(중량)·수량·크기",
        "생산자",
        "농수산물의 원산지",
        "제조연월일(포장일 또는 생산연도)",
        "소비기한 또는 품질유지기한",
        "관련법상 표시사항",
        "상품구성",
        "보관방법 또는 취급방법",
        "소비자안전을 위한 주의사항",
        _CALL,
    ),
    "health": (
        *_PROCESSED[:-1],
        "기능정보",
        "섭취량, 섭취방법 및 섭취 시 주의사항",
        "질병의 예방 및 치료를 위한 의약품이 아니라는 표현",
        "표시·광고 사전심의필 여부",
        _CALL,
    ),
    "cosmetic": (
        "내용물의 용량 또는 중량",
        "제품 주요 사양",
        "사용기한 또는 개봉 후 사용기간",
        "사용방법",
        "화장품제조업자 및 책임판매업자",
        "제조국",
        "화장품법에 따라 기재해야 하는 모든 성분",
        "기능성 화장품 심사필 여부",
        "사용할 때의 주의사항",
        "품질보증기준",
        _CALL,
    ),
    "chemical": (
        "품명 및 제형",
        "제조연월",
        "유통기한",
        "중량·용량",
        "효과·효능",
        "제조자",
        "제조국",
        "어린이보호포장 대상 여부",
        "주요 물질의 명칭",
        "신고·승인번호",
        "사용상 주의사항",
        _CALL,
    ),
    "kids": (
        "품명 및 모델명",
        "KC 인증정보",
        "크기·중량",
        "색상",
        "재질",
        "사용연령",
        "출시 연월",
        "제조자",
        "제조국",
        "취급방법 및 주의사항",
        *_WARRANTY,
    ),
    "apparel": (
        "제품 소재",
        "색상",
        "치수",
        "제조자",
        "제조국",
        "세탁방법 및 취급 시 주의사항",
        "제조연월",
        *_WARRANTY,
    ),
    "bag": (
        *("종류", "소재", "색상", "크기", "제조자", "제조국", "취급 시 주의사항"),
        *_WARRANTY,
    ),
    "accessory": (
        *("종류", "소재", "치수", "제조자", "제조국", "취급 시 주의사항"),
        *_WARRANTY,
    ),
    "kitchen": (
        "품명 및 모델명",
        "재질",
        "구성품",
        "크기",
        "출시 연월",
        "제조자",
        "제조국",
        "수입신고 문구",
        *_WARRANTY,
    ),
    "furniture": (
        "품명",
        "KC 인증정보",
        "색상",
        "구성품",
        "주요 소재",
        "제조자",
        "제조국",
        "크기",
        "배송·설치비용",
        *_WARRANTY,
    ),
    "book": (
        "도서명",
        "저자, 출판사",
        "크기",
        "쪽수",
        "제품 구성",
        "출간일",
        "목차 또는 책소개",
    ),
    "voucher": (
        "발행자",
        "유효기간, 이용조건",
        "이용 가능 매장",
        "잔액 환급 및 환불 조건",
        _CALL,
    ),
    "service": (
        "서비스 제공 사업자",
        "법에 의한 인증·허가 사항",
        "이용조건",
        "취소·중도해약·해지 조건 및 환불기준",
        _CALL,
    ),
    _OTHER: (
        "품명 및 모델명",
        "인증·허가 사항",
        "제조국 또는 원산지",
        "제조자",
        "A/S 책임자와 전화번호",
    ),
}


def name_of(kind: str) -> str:
    """Return what a kind of goods is called."""
    return NAMES.get(kind, NAMES[_OTHER])


def fields_of(kind: str) -> tuple[str, ...]:
    """Return the fields a kind of goods must fill, in the order of the law."""
    return _FIELDS.get(kind, _FIELDS[_OTHER])


def taken(kind: str, written: Mapping[str, str]) -> dict[str, str]:
    """Return what was written for the fields of a kind, and nothing else."""
    return {
        label: written[label].strip()[:LONGEST]
        for label in fields_of(kind)
        if written.get(label, "").strip()
    }


def missing(kind: str, notice: Mapping[str, str]) -> list[str]:
    """Return the fields that say nothing."""
    return [label for label in fields_of(kind) if not notice.get(label, "").strip()]


def referring(notice: Mapping[str, str]) -> list[str]:
    """Return the fields that only refer to the product's story."""
    return [label for label, text in notice.items() if text.strip() == SEE_PAGE]
