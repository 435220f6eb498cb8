"""The figures of a study: learning curves, bars with intervals, losses by step.

The colours are those of Okabe and Ito (2008, Color Universal Design), which people with any kind
of colour vision tell apart; lines differ by marker too. The same results give the same bytes under
one version of matplotlib.
"""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from robustft.data.files import atomic_path
from robustft.study.details import epoch_values, published_steps, step_means
from robustft.study.formats import axis_label, column_parts, heading, setting_text
from robustft.study.gather import Gathered, Line, Number
from robustft.study.schema import Figure
from robustft.study.tables import dataset_title, file_name, title_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Canvas

__all__ = ["Drawn", "draw_all"]

Drawn = tuple[str, str]
"""A figure's file name without ending, and what it shows."""

# Blue, vermilion, green, purple, orange, sky blue, black; the yellow is too pale for lines.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")
_STYLE: dict[Any, Any] = {
    "figure.dpi": 100,
    "savefig.dpi": 100,
    "svg.hashsalt": "robustft",
    "svg.fonttype": "none",
    "font.family": ["DejaVu Sans"],
    "font.size": 12,
    "axes.titlesize": 13,
    "axes.labelsize": 12,
    "legend.fontsize": 11,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#DDDDDD",
    "axes.axisbelow": True,
}
_WIDTH = 10.0


@contextmanager
def _style() -> Iterator[None]:
    """Draw without a screen and with our own settings, whatever the user's are."""
    import matplotlib as mpl

    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


def draw_all(study: Gathered, folder: Path) -> list[Drawn]:
    """Draw the recipe's figures as PNG and SVG into `folder` and return what was drawn.

    A figure for which there is no result yet is left out.
    """
    drawn = []
    with _style():
        for figure in study.recipe.figures:
            for dataset in study.lines:
                canvas = _drawing(study, figure, dataset)
                if canvas is not None:
                    name = file_name(_stem(study.recipe.figures, figure), dataset)
                    _save(canvas, folder / name)
                    drawn.append((name, title_of(study, dataset, figure.title)))
    return drawn


def _stem(figures: Sequence[Figure], figure: Figure) -> str:
    same = [f for f in figures if f.kind == figure.kind]
    kind = "losses" if figure.kind == "steps-table" else figure.kind
    return kind if len(same) == 1 else f"{kind}-{same.index(figure) + 1}"


def _drawing(study: Gathered, figure: Figure, dataset: str) -> Canvas | None:
    named = [x for name in figure.rows if (x := study.line(name, dataset))]
    lines = [line for line in (named if figure.rows else study.shown(dataset)) if line.good]
    title = " · ".join(p for p in (dataset_title(study, dataset), figure.title) if p)
    if figure.kind == "learning-curves":
        return _learning_curves(figure, lines, title)
    if figure.kind == "bars":
        return _bars(study, figure, lines, title)
    return _losses(figure, lines, title)


def _save(canvas: Canvas, path: Path) -> None:
    """Write PNG and SVG, without dates or versions in them."""
    for ending, metadata in (
        ("png", {"Software": None}),
        ("svg", {"Date": None, "Creator": None}),
    ):
        with atomic_path(path.with_name(f"{path.name}.{ending}"), "a figure") as temporary:
            canvas.savefig(temporary, format=ending, metadata=metadata)


def _new(rows: int, columns: int, height: float, title: str) -> tuple[Canvas, list[Axes]]:
    """Return a figure 1,000 pixels wide and its panels; no window, no global state."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure as MplFigure

    canvas = MplFigure(figsize=(_WIDTH, height), layout="constrained")
    FigureCanvasAgg(canvas)
    canvas.suptitle("\n".join(textwrap.wrap(title, 90)), fontsize=13)
    axes = canvas.subplots(rows, columns, squeeze=False, sharey=True)
    return canvas, [axis for row in axes for axis in row]


def _learning_curves(figure: Figure, lines: Sequence[Line], title: str) -> Canvas | None:
    """Draw a metric by epoch, a line a row; one panel for each side of `split_by`."""
    from matplotlib.ticker import MaxNLocator

    key = column_parts(figure.metric or "validation.loss")[1]
    curves = {line.spec.row: epoch_values(line, key) for line in lines}
    lines = [line for line in lines if curves[line.spec.row]]
    if not lines:
        return None
    panels = _panels(figure, lines)
    looks = row_looks(lines, figure.split_by)
    entries = max(len(mine) for _, mine in panels)
    height = 4.6 + 0.26 * entries
    canvas, axes = _new(1, len(panels), height, title)
    for axis, (name, mine) in zip(axes, panels, strict=True):
        axis.set_title(name)
        for line in mine:
            _curve(axis, curves[line.spec.row], line, looks[line.spec.row])
            claimed = dict(_points(figure, line.spec.base, key))
            if claimed:
                axis.plot(
                    list(claimed), list(claimed.values()), linestyle=":", color="#555555",
                    marker="x", label=f"{line.label}, published",
                )  # fmt: skip
        axis.set_xlabel("epoch")
        axis.xaxis.set_major_locator(MaxNLocator(integer=True))
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.14), frameon=False)
    axes[0].set_ylabel(axis_label(figure.metric or "validation.loss"))
    return canvas


def _points(figure: Figure, row: str, key: str) -> list[tuple[float, float]]:
    """Return the source's curve of a row."""
    if key not in figure.points or not figure.points:
        return []
    at = figure.points.index(key)
    return [(point[0], point[at]) for point in figure.published.get(row, []) if len(point) > at]


def _panels(figure: Figure, lines: Sequence[Line]) -> list[tuple[str, list[Line]]]:
    """Return the rows of each panel: those without the setting first."""
    if figure.split_by is None:
        return [("", list(lines))]
    name = figure.split_by.replace("_", " ")
    without = [x for x in lines if not setting_text(x.spec.settings.get(figure.split_by))]
    having = [x for x in lines if x not in without]
    panels = [(f"without {name}", without), (f"with {name}", having)]
    return [panel for panel in panels if panel[1]]


def row_looks(lines: Sequence[Line], split_by: str | None) -> dict[str, tuple[str, str, str]]:
    """Return colour, marker and line style of each row; rows that differ by panel alone share."""
    kinds: dict[str, int] = {}
    looks = {}
    for line in lines:
        rest = {k: v for k, v in line.spec.settings.items() if k != split_by}
        number = kinds.setdefault(repr(sorted(rest.items(), key=str)), len(kinds))
        size = len(_COLOURS)
        style = ("-", "--", ":", "-.")[number // size % 4]
        looks[line.spec.row] = (_COLOURS[number % size], _MARKERS[number % size], style)
    return looks


def _curve(
    axis: Axes, points: Mapping[int, Sequence[float]], line: Line, look: tuple[str, str, str]
) -> None:
    """Draw the mean over seeds, and a band from the lowest to the highest."""
    colour, marker, style = look
    epochs = list(points)
    means = [sum(values) / len(values) for values in points.values()]
    axis.plot(
        epochs, means, color=colour, marker=marker, linestyle=style, markersize=6, label=line.label
    )
    if max(len(values) for values in points.values()) > 1:
        low, high = ([f(v) for v in points.values()] for f in (min, max))
        axis.fill_between(epochs, low, high, color=colour, alpha=0.15, linewidth=0)


def _bars(study: Gathered, figure: Figure, lines: Sequence[Line], title: str) -> Canvas | None:
    """Draw a metric as a bar a row with its interval, and published figures as diamonds."""
    columns = _bar_columns(study, figure, lines)
    lines = [line for line in lines if any(line.number(c) is not None for c in columns)]
    if not lines or not columns:
        return None
    height = 1.8 + 0.42 * len(lines) * max(1.0, 0.75 * len(columns)) + 0.3 * len(columns)
    canvas, (axis,) = _new(1, 1, height, title)
    high = _high(lines, columns)
    share = 0.8 / len(columns)
    for number, column in enumerate(columns):
        shift = (number - (len(columns) - 1) / 2) * share
        _bar_series(axis, lines, column, shift, 0.0 if high else share * 0.9, number)
    axis.set_yticks(range(len(lines)), [_wrapped(line.label) for line in lines])
    axis.invert_yaxis()
    axis.grid(visible=False, axis="y")
    axis.set_xlabel(axis_label(columns[0]))
    axis.legend(loc="upper center", bbox_to_anchor=(0.4, -0.9 / height), frameon=False, ncols=2)
    low, right = axis.get_xlim()
    # An interval of few seeds may reach beyond what a share can be.
    axis.set_xlim(low if high else min(low, 0.0), min(right, 1.0) if _shares(columns) else right)
    return canvas


def _bar_columns(study: Gathered, figure: Figure, lines: Sequence[Line]) -> list[str]:
    """Return the columns to draw: one that names its set alone, else the metric on all sets."""
    metric = figure.metric or next(iter(study.columns), "")
    if "." in metric:
        return [metric]
    known = [metric, *(c for c in study.columns if column_parts(c)[1] == metric)]
    known = [c for c in known if not c.startswith("validation.")]
    return [c for c in dict.fromkeys(known) if any(line.number(c) for line in lines)]


def _bar_series(
    axis: Axes, lines: Sequence[Line], column: str, shift: float, width: float, number: int
) -> None:
    """Draw one metric of all rows; a width of 0 makes points of the bars."""
    from matplotlib.colors import to_rgba

    colour = _COLOURS[number]
    found = [(i + shift, n) for i, line in enumerate(lines) if (n := line.number(column))]
    places, values = [y for y, _ in found], [n.value for _, n in found]
    if width:
        axis.barh(places, values, width, color=to_rgba(colour, 0.55), label=heading(column))
    else:
        look: dict[str, Any] = {"color": colour, "marker": _MARKERS[number], "markersize": 9}
        axis.plot(values, places, linestyle="none", label=heading(column), **look)
    # One entry in the legend stands for the intervals, and one for the diamonds, of all series.
    _intervals(axis, found, named=not number)
    said = [(i + shift, x.published[column]) for i, x in enumerate(lines) if column in x.published]
    if said:
        heights, middles = zip(*said, strict=True)
        axis.plot(middles, heights, label=None if number else "published", **_PUBLISHED)


_PUBLISHED: dict[str, Any] = {
    "linestyle": "none",
    "marker": "D",
    "markersize": 11,
    "markerfacecolor": "none",
    "markeredgewidth": 1.5,
    "markeredgecolor": "#222222",
}


def _intervals(axis: Axes, found: Sequence[tuple[float, Number]], *, named: bool) -> None:
    """Draw the intervals that there are, at their rows' heights."""
    sure = [
        (y, n.value, n.value - n.low, n.high - n.value)
        for y, n in found
        if n.low is not None and n.high is not None
    ]
    if not sure:
        return
    several = any(n.sd is not None for _, n in found)
    what = "t interval over seeds" if several else "interval over test rows"
    heights, middles, lefts, rights = zip(*sure, strict=True)
    axis.errorbar(
        middles,
        heights,
        xerr=[lefts, rights],
        fmt="none",
        ecolor="#222222",
        capsize=3,
        label=f"95 % {what}" if named else None,
    )


_SHARES = frozenset({"accuracy", "macro_f1", "f1", "precision", "recall"})


def _shares(columns: Sequence[str]) -> bool:
    return all(column_parts(column)[1] in _SHARES for column in columns)


def _high(lines: Sequence[Line], columns: Sequence[str]) -> bool:
    """Return whether all numbers are high shares: points then, for a bar must start at 0."""
    shown = [n.value for line in lines for c in columns if (n := line.number(c))]
    said = [line.published[c] for line in lines for c in columns if c in line.published]
    return _shares(columns) and min([*shown, *said]) > 0.6 and max([*shown, *said]) <= 1


def _wrapped(label: str) -> str:
    return "\n".join(textwrap.wrap(label, 30))


def _losses(figure: Figure, lines: Sequence[Line], title: str) -> Canvas | None:
    """Draw training (dashed) and validation loss (solid) by optimizer step."""
    curves = {line.spec.row: step_means(line) for line in lines}
    lines = [line for line in lines if curves[line.spec.row]]
    if not lines:
        return None
    with_claims = any(figure.published.get(line.spec.base) for line in lines)
    canvas, axes = _new(1, 2 if with_claims else 1, 5.4 + 0.3 * len(lines), title)
    for number, line in enumerate(lines):
        colour = _COLOURS[number % len(_COLOURS)]
        label = line.label.partition(":")[0]
        _loss_pair(axes[0], curves[line.spec.row], colour, label)
        if with_claims:
            _loss_pair(axes[1], published_steps(figure, line.spec.base), colour, label)
    for axis, name in zip(axes, ("ours", "published"), strict=False):
        axis.set_title(name if with_claims else "")
        axis.set_xlabel("optimizer step")
        axis.legend(loc="upper center", bbox_to_anchor=(0.5, -0.13), frameon=False)
    axes[0].set_ylabel("loss (mean per row)")
    axes[0].set_ylim(bottom=0)
    return canvas


def _loss_pair(
    axis: Axes, points: Mapping[int, Mapping[str, float]], colour: str, label: str
) -> None:
    styles: dict[str, dict[str, Any]] = {
        "train_loss": {"linestyle": "--", "marker": ""},
        "loss": {"linestyle": "-", "marker": "o", "markersize": 4},
    }
    words = {"train_loss": "training", "loss": "validation"}
    for key, look in styles.items():
        found = [(step, entry[key]) for step, entry in points.items() if key in entry]
        if found:
            steps, values = zip(*found, strict=True)
            axis.plot(steps, values, color=colour, label=f"{label}, {words[key]}", **look)
