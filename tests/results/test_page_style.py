import re

from gnnseq.results import page
from gnnseq.results.page_style import SCRIPT, STYLE


def schemes():
    """Colours by name in the light and in the dark scheme."""
    return [dict(re.findall(r"--(\w+):\s*(#\w+)", block)) for block in re.findall(r":root \{(.*?)\}", STYLE, re.DOTALL)]


def luminance(colour):
    """Relative luminance as WCAG 2 defines it."""
    digits = colour[1:] if len(colour) == 7 else "".join(2 * digit for digit in colour[1:])
    shares = [int(digits[place : place + 2], 16) / 255 for place in (0, 2, 4)]
    linear = [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one, other):
    dark, light = sorted(map(luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def test_contrast_of_black_on_white_is_21():
    assert contrast("#fff", "#000000") == 21


def test_both_schemes_have_all_colours_that_are_used():
    light, dark = schemes()
    assert light.keys() == dark.keys() == set(re.findall(r"var\(--(\w+)\)", STYLE))


def test_text_can_be_read_on_its_ground_in_both_schemes():
    for scheme in schemes():
        for ground in ("paper", "band"):
            for text in ("ink", "soft", "link", "good", "part", "none"):
                assert contrast(scheme[text], scheme[ground]) >= 4.5, (text, ground)


def test_classes_of_the_page_have_a_look():
    kinds = {*page.CLASSES.values(), "soft", "scroll", "wrap"}
    assert [kind for kind in kinds if f".{kind}" not in STYLE] == []


def test_brackets_are_closed_and_nothing_ends_the_elements_that_hold_them():
    for text in (STYLE, SCRIPT):
        assert all(text.count(one) == text.count(other) for one, other in ("{}", "()", "[]"))
        assert "</" not in text
