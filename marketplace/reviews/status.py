"""The states of a review panel's round and the moves between them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from marketplace.core.errors import Conflict
from marketplace.reviews.panel_models import Panel, PanelStatus

__all__ = ["LABELS", "PANEL_MOVES", "PanelMoveNotAllowed", "PanelStatus", "move"]

PANEL_MOVES: Final[Mapping[PanelStatus, frozenset[PanelStatus]]] = {
    PanelStatus.DRAFT: frozenset({PanelStatus.SCORING}),
    PanelStatus.SCORING: frozenset({PanelStatus.CLOSED}),
    # Opened once more while somebody's sheet is missing.
    PanelStatus.CLOSED: frozenset({PanelStatus.SCORING, PanelStatus.PUBLISHED}),
    PanelStatus.PUBLISHED: frozenset(),
}

LABELS: Final[Mapping[PanelStatus, str]] = {
    PanelStatus.DRAFT: "준비 중",
    PanelStatus.SCORING: "심사 중",
    PanelStatus.CLOSED: "심사 마감",
    PanelStatus.PUBLISHED: "결과 공개",
}


class PanelMoveNotAllowed(Conflict):
    """The round is not where this step starts from."""

    message = "지금 상태({present})에서는 {wanted}(으)로 바꿀 수 없습니다."


def move(panel: Panel, to: PanelStatus) -> None:
    """
    Move a locked round to a state.

    :raises PanelMoveNotAllowed:
    """
    if to not in PANEL_MOVES[panel.status]:
        raise PanelMoveNotAllowed(present=LABELS[panel.status], wanted=LABELS[to])
    panel.status = to
