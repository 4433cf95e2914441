"""The base of every form: Korean words, clean text, and refusals beside the field they mean."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence
from typing import Any, ClassVar, Final

from flask import request
from wtforms import (
    BooleanField,
    DateField,
    Field,
    Form,
    PasswordField,
    SelectField,
    StringField,
    TextAreaField,
)
from wtforms.fields.choices import SelectChoice
from wtforms.i18n import get_translations
from wtforms.validators import DataRequired, InputRequired, Length, Optional, StopValidation

from marketplace.core.errors import DomainError

_LINE_BREAKS: Final = frozenset("\n\r\t")
# They come along when text is copied, and can turn the reading order of a name around.
_INVISIBLE: Final = dict.fromkeys(
    [0x200B, 0x200E, 0x200F, 0xFEFF, 0x2060, *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)
_CONTROLS: Final = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]")
_REPLACED: Final = "\N{REPLACEMENT CHARACTER}"
_MISSING: Final = "이 항목을 채워 주세요."
_TOO_LONG: Final = "%(max)d자까지 쓸 수 있습니다."


class BaseForm(Form):  # type: ignore[misc]
    """A form read from the request; only declared fields exist, whatever else was sent."""

    # A refusal's field by the name this form gives it.
    aliases: ClassVar[dict[str, str]] = {}
    form_errors: list[str]

    class Meta:
        """Speak Korean."""

        locales = ("ko",)

        def get_translations(self, form: Form) -> Any:  # noqa: ARG002
            """Return the Korean words of the validators."""
            return get_translations(self.locales)

    @classmethod
    def sent(cls, **defaults: Any) -> Any:
        """Read the form as it was sent."""
        return cls(request.form, **defaults)

    def refuse(self, error: DomainError) -> None:
        """Put a refusal beside the field it means, or above the form."""
        meant = getattr(error, "field", "")
        name = self.aliases.get(meant, meant)
        if name in self:
            field = self[name]
            field.errors = [*field.errors, str(error)]
        else:
            self.form_errors = [*self.form_errors, str(error)]


def shown_again(typed: str) -> str:
    """Return what was typed outside a form as a page may show it again."""
    return _clean(typed) or ""


class _DayField(DateField):  # type: ignore[misc]
    """A day, which shows again what was typed when it was none."""

    def _value(self) -> str:
        return _CONTROLS.sub(_REPLACED, super()._value())


def text_field(
    label: str, *, longest: int, required: bool = True, attributes: dict[str, str] | None = None
) -> Any:
    """Make a field for one line of text."""
    return StringField(
        label,
        filters=[_clean],
        validators=[*_filled(required), _one_line, Length(max=longest, message=_TOO_LONG)],
        render_kw={"maxlength": str(longest), **(attributes or {})},
    )


def long_text_field(label: str, *, longest: int, required: bool = True) -> Any:
    """Make a field for several lines of text."""
    return TextAreaField(
        label,
        filters=[_clean],
        validators=[*_filled(required), _several_lines, Length(max=longest, message=_TOO_LONG)],
        render_kw={"maxlength": str(longest)},
    )


def password_field(label: str, *, autocomplete: str) -> Any:
    """Make a field for a password, which is taken exactly as typed and never shown again."""
    return PasswordField(
        label,
        validators=[
            InputRequired(message=_MISSING),
            _one_line,
            Length(max=128, message=_TOO_LONG),
        ],
        render_kw={"autocomplete": autocomplete, "maxlength": "128"},
    )


def date_field(label: str, *, required: bool = True, autocomplete: str = "off") -> Any:
    """Make a field for a day."""
    return _DayField(
        label, validators=_presence(required), render_kw={"autocomplete": autocomplete}
    )


def checkbox_field(label: str, *, refusal: str | None = None) -> Any:
    """Make a checkbox, which is never ticked beforehand; one with a refusal must be ticked."""
    validators = [] if refusal is None else [InputRequired(message=refusal)]
    return BooleanField(label, validators=validators, default=False)


def select_field(label: str, choices: Sequence[tuple[str, str]], *, required: bool = True) -> Any:
    """Make a list to choose one entry from."""
    options = [SelectChoice(value, text) for value, text in choices]
    return SelectField(label, choices=options, validators=_presence(required))


def _presence(required: bool) -> list[Any]:
    return [InputRequired(message=_MISSING)] if required else [Optional()]


def _filled(required: bool) -> list[Any]:
    # Asked of the cleaned text: blanks alone fill nothing.
    return [DataRequired(message=_MISSING)] if required else [Optional()]


def _clean(text: str | None) -> str | None:
    if text is None:
        return None
    clean = unicodedata.normalize("NFC", text).translate(_INVISIBLE).strip()
    # Shown again beside the refusal, where a page may not contain them.
    return _CONTROLS.sub(_REPLACED, clean)


def _one_line(_form: Form, field: Field) -> None:
    _refuse_controls(field.data, allowed=frozenset())


def _several_lines(_form: Form, field: Field) -> None:
    _refuse_controls(field.data, allowed=_LINE_BREAKS)


def _refuse_controls(text: str | None, *, allowed: frozenset[str]) -> None:
    signs = set(text or "") - allowed
    if _REPLACED in signs or any(
        unicodedata.category(sign) in ("Cc", "Cs", "Zl", "Zp") for sign in signs
    ):
        raise StopValidation("쓸 수 없는 글자가 들어 있습니다.")
