"""
Measure the shop against yardsticks of the same run.

`python -m bench [NAME…] [--seconds N] [--rounds N]` prints ratios and leaves bench/results.json.
"""

from __future__ import annotations

import sys
import time

import click

from bench import buying, claiming, figures, pages, searching, stage
from bench.figures import Figure
from bench.generator import Crew
from bench.rounds import Failed, Pace
from bench.shopper import WentWrong

BENCHES = {
    "list_page": pages.list_page,
    "product_page": pages.product_page,
    "search": searching.search,
    "claim": claiming.claim,
    "checkout": buying.checkout,
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice(list(BENCHES)))
@click.option("--seconds", default=2.5, show_default=True, help="Length of one leg of a round.")
@click.option("--rounds", default=5, show_default=True, help="Rounds that count.")
def main(*, names: tuple[str, ...], seconds: float, rounds: int) -> None:
    """Measure everything, or only what is named."""
    began = time.monotonic()
    results: list[Figure] = []
    more: list[Figure] = []
    failures: list[str] = []
    with stage.built() as built, Crew() as crew:
        click.echo(f"ready after {time.monotonic() - began:.0f} s")
        for name in names or BENCHES:
            try:
                first, *rest = BENCHES[name](built, crew, Pace(rounds, seconds))
            except (Failed, WentWrong) as failure:
                failures.append(f"{name}: {failure}")
                click.echo(failures[-1])
                continue
            results.append(first)
            more += rest
            for figure in (first, *rest):
                click.echo(figures.line(figure))
        rss = built.rss_mb()
    click.echo(figures.memory_line(rss))
    figures.RESULTS.write_text(figures.as_document(results, more, rss) + "\n")
    click.echo(f"{figures.RESULTS} after {time.monotonic() - began:.0f} s")
    if failures:
        raise click.ClickException("; ".join(failures))


if __name__ == "__main__":
    sys.exit(main())
