"""The order sheet."""

from __future__ import annotations

from playwright.sync_api import Locator, Page, expect


class OrderSheetPage:
    """The order sheet as a buyer fills it in."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.total = page.locator("#sheet-sum .sum dd")
        self.memo = page.get_by_label("배송 메모")

    def send_to(self, *, zip_code: str, address: str, detail: str = "") -> None:
        """Write where the goods go, to the buyer in person."""
        elsewhere = self.page.get_by_role("radio", name="다른 곳으로 보내기")
        if elsewhere.count():
            elsewhere.check()
        self.page.get_by_label("주문하시는 분과 같습니다").check()
        self.page.get_by_label("우편번호").fill(zip_code)
        self.page.get_by_label("도로명 주소").fill(address)
        self.page.get_by_label("상세 주소").fill(detail)

    def introduce(self, *, name: str, phone: str, email: str, password: str) -> None:
        """Say who orders, as a guest."""
        self.page.get_by_label("이름", exact=False).first.fill(name)
        self.page.get_by_label("휴대전화").fill(phone)
        self.page.get_by_label("이메일").fill(email)
        self.page.get_by_label("주문 조회 비밀번호").first.fill(password)

    def pay_by(self, words: str) -> None:
        """Choose how to pay."""
        self.page.locator(".opt", has_text=words).click()

    def agree(self) -> None:
        """Tick every agreement: none is ticked beforehand."""
        boxes = self.page.locator('section[aria-labelledby="agree-head"] input[type="checkbox"]')
        for box in boxes.all():
            expect(box).not_to_be_checked()
            box.check()

    def expect_total(self, words: str) -> None:
        """Wait until the sum says so, and the button with it."""
        expect(self.total).to_have_text(words)
        expect(self.button).to_have_text(f"{words} 결제하기")

    @property
    def button(self) -> Locator:
        """The button of the sheet that is in sight."""
        return self.page.get_by_role("button", name="결제하기").locator("visible=true").first

    def send(self) -> None:
        """Press the button that orders."""
        self.button.click()
