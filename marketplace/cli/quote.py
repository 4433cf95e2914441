"""Price a cart given as JSON, or explain its price."""

from __future__ import annotations

import json
from typing import TextIO

import click

from marketplace.checkout import quote as pricing
from marketplace.checkout import quote_explain, quote_input
from marketplace.core.errors import InvalidInput


@click.command()
@click.argument("cart_file", metavar="FILE", type=click.File(encoding="utf-8-sig"))
@click.option("--explain", is_flag=True, help="Say in Korean which rule gave or refused what.")
def quote(cart_file: TextIO, *, explain: bool) -> None:
    """Price the cart in FILE (or `-`), one JSON object as docs/pricing.md describes."""
    try:
        cart = quote_input.read(cart_file.read())
        result = pricing.price(cart)
    except (InvalidInput, UnicodeDecodeError) as error:
        raise click.ClickException(str(error)) from error
    if explain:
        click.echo("\n".join(quote_explain.explain(cart, result)))
    else:
        click.echo(json.dumps(result.as_json(), ensure_ascii=False, indent=2))
