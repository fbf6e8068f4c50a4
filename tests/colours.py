"""How light a colour is, and what is left of it for those who see fewer."""

import numpy as np
from matplotlib.colors import to_rgb

# Machado, Oliveira and Fernandes 2009, full severity, on linear RGB
BLIND = {
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour) -> np.ndarray:
    """Linear RGB of a colour."""
    values = np.array(to_rgb(colour))
    return np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)


def lab(values: np.ndarray) -> np.ndarray:
    """CIE L*, a*, b* of linear RGB: equal distances are about equally visible."""
    x, y, z = np.array([t ** (1 / 3) if t > 0.008856 else 7.787 * t + 16 / 116 for t in XYZ @ values / XYZ.sum(1)])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def lightness(colour) -> float:
    """CIE L*: what grey shows, 0 for black and 100 for white."""
    return float(lab(linear(colour))[0])


def contrast(colour) -> float:
    """WCAG's contrast of a colour on white: 1 for white, 21 for black."""
    return 1.05 / (0.05 + float(XYZ[1] @ linear(colour)))


def seen_distance(one, other, blindness: str) -> float:
    """How far apart two colours are for people with a kind of colour blindness, in CIE L*a*b*."""
    matrix = np.array(BLIND[blindness])
    seen = [lab(np.clip(matrix @ linear(colour), 0, 1)) for colour in (one, other)]
    return float(np.linalg.norm(seen[0] - seen[1]))
