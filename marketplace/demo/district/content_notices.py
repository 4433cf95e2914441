"""Product notices (상품정보제공고시): which fields a category asks for, and what to write there."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

_SEE_PAGE: Final = "상품상세 참조"
_WARRANTY: Final = "관련 법 및 소비자분쟁해결기준에 따름"


@dataclass(frozen=True, kw_only=True, slots=True)
class NoticeFacts:
    """What is known of a product for its notice."""

    name: str
    kind: str
    spec: str
    unit: str
    materials: str
    origin: str
    shelf: str
    keep: str
    maker: str
    address: str
    phone: str
    made_on: str
    colors: str


# Labels of korea.md §5.5; a value is a field of NoticeFacts in braces, or plain text.
TEMPLATES: Final[dict[str, dict[str, str]]] = {
    "processed": {
        "제품명": "{name}",
        "식품의 유형": "{spec}",
        "생산자": "{maker}",
        "소재지": "{address}",
        "제조연월일": "주문 확인 후 제조하여 포장에 표시",
        "소비기한 또는 품질유지기한": "{shelf}",
        "포장단위별 내용물의 용량·수량": "{unit}",
        "원재료명 및 함량": "{materials}",
        "영양성분": "영양성분 표시 대상 아님",
        "유전자변형식품 해당 여부": "해당 없음",
        "소비자안전을 위한 주의사항": "{keep}",
        "수입식품 문구": "해당 없음",
        "소비자상담 전화번호": "{phone}",
    },
    "farm": {
        "품목 또는 명칭": "{name}",
        "포장단위별 내용물의 용량(중량)·수량·크기": "{unit}",
        "생산자": "{maker}",
        "농수산물의 원산지": "{origin}",
        "제조연월일(포장일 또는 생산연도)": "{made_on}",
        "소비기한 또는 품질유지기한": "{shelf}",
        "관련법상 표시사항": "농수산물의 원산지 표시 등에 관한 법률에 따름",
        "상품구성": "{materials}",
        "보관방법 또는 취급방법": "{keep}",
        "소비자안전을 위한 주의사항": "{keep}",
        "소비자상담 전화번호": "{phone}",
    },
    "cosmetic": {
        "내용물의 용량 또는 중량": "{unit}",
        "제품 주요 사양": "{spec}",
        "사용기한 또는 개봉 후 사용기간": "{shelf}",
        "사용방법": "{keep}",
        "화장품제조업자 및 책임판매업자": "{maker}",
        "제조국": "대한민국",
        "화장품법에 따라 기재해야 하는 모든 성분": "{materials}",
        "기능성 화장품 심사필 여부": "해당 없음",
        "사용할 때의 주의사항": "상처가 있는 부위에는 쓰지 마세요",
        "품질보증기준": _WARRANTY,
        "소비자상담 전화번호": "{phone}",
    },
    "chemical": {
        "품명 및 제형": "{name} / {spec}",
        "제조연월": "{made_on}",
        "유통기한": "{shelf}",
        "중량·용량": "{unit}",
        "효과·효능": "{spec}",
        "제조자": "{maker}",
        "제조국": "대한민국",
        "어린이보호포장 대상 여부": "해당 없음",
        "주요 물질의 명칭": "{materials}",
        "신고·승인번호": _SEE_PAGE,
        "사용상 주의사항": "{keep}",
        "소비자상담 전화번호": "{phone}",
    },
    "kids": {
        "품명 및 모델명": "{name}",
        "KC 인증정보": _SEE_PAGE,
        "크기·중량": "{unit}",
        "색상": "{colors}",
        "재질": "{materials}",
        "사용연령": "3세 이상(상품상세 참조)",
        "출시 연월": "{made_on}",
        "제조자": "{maker}",
        "제조국": "대한민국",
        "취급방법 및 주의사항": "{keep}",
        "품질보증기준": _WARRANTY,
        "A/S 책임자와 전화번호": "{maker} / {phone}",
    },
    "apparel": {
        "제품 소재": "{materials}",
        "색상": "{colors}",
        "치수": "{unit}",
        "제조자": "{maker}",
        "제조국": "대한민국",
        "세탁방법 및 취급 시 주의사항": "{keep}",
        "제조연월": "{made_on}",
        "품질보증기준": _WARRANTY,
        "A/S 책임자와 전화번호": "{maker} / {phone}",
    },
    "bag": {
        "종류": "{spec}",
        "소재": "{materials}",
        "색상": "{colors}",
        "크기": "{unit}",
        "제조자": "{maker}",
        "제조국": "대한민국",
        "취급 시 주의사항": "{keep}",
        "품질보증기준": _WARRANTY,
        "A/S 책임자와 전화번호": "{maker} / {phone}",
    },
    "accessory": {
        "종류": "{spec}",
        "소재": "{materials}",
        "치수": "{unit}",
        "제조자": "{maker}",
        "제조국": "대한민국",
        "취급 시 주의사항": "{keep}",
        "품질보증기준": _WARRANTY,
        "A/S 책임자와 전화번호": "{maker} / {phone}",
    },
    "kitchen": {
        "품명 및 모델명": "{name}",
        "재질": "{materials}",
        "구성품": "{unit}",
        "크기": _SEE_PAGE,
        "출시 연월": "{made_on}",
        "제조자": "{maker}",
        "제조국": "대한민국",
        "수입신고 문구": "해당 없음",
        "품질보증기준": _WARRANTY,
        "A/S 책임자와 전화번호": "{maker} / {phone}",
    },
    "furniture": {
        "품명": "{name}",
        "KC 인증정보": "해당 없음",
        "색상": "{colors}",
        "구성품": "{unit}",
        "주요 소재": "{materials}",
        "제조자": "{maker}",
        "제조국": "대한민국",
        "크기": _SEE_PAGE,
        "배송·설치비용": "상품 배송비와 같음, 설치비 없음",
        "품질보증기준": _WARRANTY,
        "A/S 책임자와 전화번호": "{maker} / {phone}",
    },
    "book": {
        "도서명": "{name}",
        "저자, 출판사": "광진 주민 지음, {maker}",
        "크기": "{materials}",
        "쪽수": _SEE_PAGE,
        "제품 구성": "{unit}",
        "출간일": "{made_on}",
        "목차 또는 책소개": _SEE_PAGE,
    },
    "other": {
        "품명 및 모델명": "{name}",
        "인증·허가 사항": "해당 없음",
        "제조국 또는 원산지": "{origin}",
        "제조자": "{maker}",
        "A/S 책임자와 전화번호": "{maker} / {phone}",
    },
    "service": {
        "서비스 제공 사업자": "{maker}",
        "법에 의한 인증·허가 사항": "해당 없음",
        "이용조건": "{materials}",
        "취소·중도해약·해지 조건 및 환불기준": "{keep}",
        "소비자상담 전화번호": "{phone}",
    },
}


def write(template: str, facts: NoticeFacts) -> dict[str, str]:
    """Fill in the notice of a category."""
    known = {name: getattr(facts, name) for name in NoticeFacts.__dataclass_fields__}
    return {label: text.format(**known) for label, text in TEMPLATES[template].items()}
