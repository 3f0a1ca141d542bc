"""How figures are written: three significant digits, units, and never without their interval."""

from __future__ import annotations

from harness.model.comparison import Interval, Ratio, Row

NONE = "–"
NOT_SIGNIFICANT = "~ "
ESTIMATE = "†"


def number(value: float | None) -> str:
    """Three significant digits, thousands separated: 0.00731, 57.5, 13,700."""
    if value is None:
        return NONE
    if value == 0:
        return "0"
    value = float(f"{value:.3g}")
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    if abs(value) < 0.0001:
        return f"{value:.2e}"
    text = f"{value:#.3g}"
    return text.removesuffix(".")


def interval(estimate: Interval | None, *, prefix: str = "") -> str:
    """The estimate with its 95 % interval: 11.2 [10.9–11.6]."""
    if estimate is None:
        return NONE
    if estimate.low is None or estimate.high is None:
        return f"{prefix}{number(estimate.value)} [?]"
    return f"{prefix}{number(estimate.value)} [{number(estimate.low)}–{number(estimate.high)}]"


def seconds(row: Row) -> str:
    """The time of a case with its interval; `†` where it is scaled from some of the rows."""
    return interval(row.seconds) + (ESTIMATE if row.is_estimate else "")


def mark(found: Ratio | None) -> str:
    """`~` for a ratio that is not statistically significant."""
    return NOT_SIGNIFICANT if found and found.not_significant else ""


def ratio(found: Ratio | None, *, estimate: bool = False) -> str:
    """A ratio with its interval; `~` where it is not significant, `†` where it is of a time scaled from some rows."""
    if found is None:
        return NONE
    return interval(found, prefix=mark(found)) + (ESTIMATE if estimate else "")


def times(found: Ratio | None, *, estimate: bool = False) -> str:
    """The same in short: ~ 1.02×† ±3%."""
    if found is None:
        return NONE
    return f"{mark(found)}{number(found.value)}×{ESTIMATE if estimate else ''}{spread(found)}"


def spread(estimate: Interval) -> str:
    """The half-width as a share of the estimate, where there is no room for brackets: ±3 %."""
    if estimate.low is None:
        return " ±?"
    return f" ±{percent(estimate.half_width).replace(' ', '')}" if estimate.half_width else ""


def percent(share: float | None) -> str:
    """A share as a percentage with two significant digits."""
    if share is None:
        return NONE
    value = 100 * share
    return f"{value:.0f} %" if value >= 10 else f"{value:.2g} %"


def percents(estimate: Interval | None) -> str:
    """A share as a percentage with its interval: 94 % [91–97]."""
    if estimate is None:
        return NONE
    if estimate.low is None or estimate.high is None:
        return f"{percent(estimate.value)} [?]"
    return f"{percent(estimate.value)} [{100 * estimate.low:.0f}–{100 * estimate.high:.0f}]"


def size(count: int | None) -> str:
    """Bytes, exactly."""
    return NONE if count is None else f"{count:,}"


def yes(flag: bool | None) -> str:
    """Yes or no."""
    return NONE if flag is None else ("yes" if flag else "no")
