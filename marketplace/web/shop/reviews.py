"""Reviews: everybody reads them, buyers write their own."""

from __future__ import annotations

from typing import ClassVar

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_login import current_user

from marketplace.catalog.picture_rows import StoredPicture
from marketplace.catalog.product_page import get_product_page
from marketplace.core import clock
from marketplace.core.db import in_transaction
from marketplace.core.errors import DomainError, InvalidInput
from marketplace.core.storage import Storage
from marketplace.reviews import moderation, own, queries, writing
from marketplace.reviews.own import ToWrite, Written
from marketplace.web import forms, limits
from marketplace.web.errors import status_of
from marketplace.web.guards import EVERYONE, MEMBER, allow
from marketplace.web.shop import talk

bp = Blueprint("shop_reviews", __name__)

_STARS = [("", "골라 주세요"), *((str(n), f"{n}점 {'★' * n}") for n in range(5, 0, -1))]


class ReviewForm(forms.BaseForm):
    """What a buyer says; photos come beside it as files."""

    aliases: ClassVar[dict[str, str]] = {}

    rating = forms.select_field("별점", _STARS)
    body = forms.long_text_field("후기", longest=writing.LONGEST)


@bp.get("/products/<int:product_id>/reviews")
@allow(EVERYONE)
def index(product_id: int) -> ResponseReturnValue:
    """List a product's reviews, of one rating when asked."""
    return _list(product_id)


@bp.post("/reviews/<int:review_id>/reports")
@allow(MEMBER)
def report(review_id: int) -> ResponseReturnValue:
    """Say that a review should not be there."""
    person_id, at, reason = current_user.person_id, clock.now(), request.form.get("reason", "")
    limits.spend(limits.REPORT, str(person_id))
    product_id = request.form.get("product_id", 0, type=int)
    try:
        product_id = in_transaction(
            lambda: moderation.report(
                review_id=review_id, person_id=person_id, reason=reason, at=at
            )
        )
    except DomainError as error:
        return _list(product_id, error=error, about=review_id), status_of(error)
    flash("신고를 받았습니다. 운영자가 확인한 뒤 알려 드립니다.")
    return redirect(url_for(".index", product_id=product_id), code=303)


@bp.get("/my/reviews")
@allow(MEMBER)
def mine() -> ResponseReturnValue:
    """List what waits for a review and what the viewer wrote."""
    person_id = current_user.person_id
    before, before_line = (request.args.get(name, type=int) for name in ("before", "before_line"))
    waiting = own.list_to_write(person_id, before_id=before_line)
    written = own.list_written(person_id, before_id=before)
    return render_template(
        "shop/reviews/mine.html",
        waiting=waiting,
        written=written,
        at=clock.now(),
        is_first=before is None and before_line is None,
        next_waiting=url_for(".mine", before_line=waiting[-1].line_id)
        if len(waiting) == own.PAGE
        else None,
        next_written=url_for(".mine", before=written[-1].id) if len(written) == own.PAGE else None,
    )


@bp.get("/my/reviews/new/<int:line_id>")
@allow(MEMBER)
def new(line_id: int) -> ResponseReturnValue:
    """Show an empty review of a bought line."""
    return _sheet(ReviewForm(), own.get_to_write(line_id, person_id=current_user.person_id))


@bp.post("/my/reviews/new/<int:line_id>")
@allow(MEMBER)
def write(line_id: int) -> ResponseReturnValue:
    """Write a review of a bought line."""
    person_id, at, form = current_user.person_id, clock.now(), ReviewForm.sent()
    about = own.get_bought(line_id, person_id=person_id)
    if not form.validate():
        return _sheet(form, about), status_of(InvalidInput)
    try:
        photos = _read_photos()
        in_transaction(
            lambda: writing.write(
                line_id=line_id,
                person_id=person_id,
                rating=int(form.rating.data),
                body=form.body.data,
                photos=photos,
                at=at,
            )
        )
    except DomainError as error:
        form.refuse(error)
        return _sheet(form, about), status_of(error)
    flash("후기를 남겼습니다. 고맙습니다.")
    return redirect(url_for(".mine"), code=303)


@bp.get("/my/reviews/<int:review_id>/edit")
@allow(MEMBER)
def edit(review_id: int) -> ResponseReturnValue:
    """Show one's own review to be changed."""
    written = own.get_written(review_id, person_id=current_user.person_id)
    form = ReviewForm(data={"rating": str(written.rating), "body": written.body})
    return _sheet(form, written)


@bp.post("/my/reviews/<int:review_id>/edit")
@allow(MEMBER)
def change(review_id: int) -> ResponseReturnValue:
    """Change one's own review."""
    person_id, at, form = current_user.person_id, clock.now(), ReviewForm.sent()
    written = own.get_written(review_id, person_id=person_id)
    if not form.validate():
        return _sheet(form, written), status_of(InvalidInput)
    removed = [photo.id for photo in written.photos if str(photo.id) in _ticked("remove")]
    try:
        added = _read_photos()
        in_transaction(
            lambda: writing.change(
                review_id=review_id,
                person_id=person_id,
                rating=int(form.rating.data),
                body=form.body.data,
                added=added,
                removed=removed,
                at=at,
            )
        )
    except DomainError as error:
        form.refuse(error)
        return _sheet(form, written), status_of(error)
    flash("후기를 고쳤습니다.")
    return redirect(url_for(".mine"), code=303)


@bp.post("/my/reviews/<int:review_id>/deletion")
@allow(MEMBER)
def take_back(review_id: int) -> ResponseReturnValue:
    """Delete one's own review."""
    person_id = current_user.person_id
    in_transaction(lambda: writing.take_back(review_id=review_id, person_id=person_id))
    flash("후기를 지웠습니다.")
    return redirect(url_for(".mine"), code=303)


def _ticked(name: str) -> set[str]:
    return set(request.form.getlist(name))


def _read_photos() -> list[StoredPicture]:
    # Late: it takes the libraries of pictures, which most processes never need.
    from marketplace.catalog import pictures

    sent = [each for each in request.files.getlist("photos") if each.filename]
    if not sent:
        return []
    # Encoding is the dearest thing a member can ask for.
    limits.spend(limits.REVIEW, str(current_user.person_id))
    if len(sent) > writing.MOST_PHOTOS:
        raise writing.TooManyPhotos
    storage = Storage.of(current_app.extensions["settings"])
    return [pictures.store(each.stream.read(pictures.MAX_BYTES + 1), storage) for each in sent]


def _sheet(form: ReviewForm, about: ToWrite | Written) -> str:
    return render_template(
        "shop/reviews/sheet.html",
        form=form,
        about=about,
        is_new=isinstance(about, ToWrite),
        photos=() if isinstance(about, ToWrite) else about.photos,
        most_photos=writing.MOST_PHOTOS,
        shortest=writing.SHORTEST,
        removed=_ticked("remove"),
    )


def _list(product_id: int, *, error: DomainError | None = None, about: int | None = None) -> str:
    product = get_product_page(product_id)
    rating = request.args.get("rating", type=int)
    rating = rating if rating in writing.RATINGS else None
    reviews = queries.list_reviews(
        product_id,
        name=product.name,
        reader=talk.reader_of(product.enterprise_id),
        rating=rating,
        after=talk.read_cursor(request.args.get("after")),
    )
    after = talk.write_cursor(reviews[-1].created_at, reviews[-1].id) if reviews else None
    is_full = len(reviews) == queries.PAGE
    return render_template(
        "shop/reviews/index.html",
        product=product,
        reviews=reviews,
        counts=queries.count_by_rating(product_id),
        rating=rating,
        next_url=url_for(".index", product_id=product_id, rating=rating, after=after)
        if is_full
        else None,
        error=error,
        about=about,
        typed=forms.shown_again(request.form.get("reason", "")),
        longest=moderation.LONGEST_REASON,
    )
