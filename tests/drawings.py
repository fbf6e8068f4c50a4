"""What is on a figure, as plain values."""

import math


def lines(axes):
    """Labelled lines: their x and y values; NaN, which leaves a gap, as None."""
    return {line.get_label(): points(line) for line in axes.get_lines() if not line.get_label().startswith("_")}


def points(line):
    """The x and y values of a line."""
    return tuple([None if math.isnan(v) else float(v) for v in data] for data in (line.get_xdata(), line.get_ydata()))


def levels(axes):
    """Heights of the horizontal lines from edge to edge."""
    return [line.get_ydata()[0] for line in axes.get_lines() if list(line.get_xdata()) == [0, 1]]


def texts(axes):
    """What is written on a panel, in order."""
    return [text.get_text() for text in axes.texts]


def spans(axes):
    """From where to where areas from top to bottom are shaded."""
    return [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in axes.patches if patch.get_height() == 1]


def legend(drawn):
    """Labels of the legends of a figure or of a panel."""
    found = drawn.legends if hasattr(drawn, "legends") else [drawn.get_legend()]
    return [text.get_text() for one in found for text in one.get_texts()]
