"""Formulas as MathML, written when the site is built: browsers draw them without a script and without a network."""

from docutils import nodes
from math_core import LatexError, LatexToMathML
from sphinx.application import Sphinx
from sphinx.util import logging
from sphinx.writers.html5 import HTML5Translator

CONVERTER = LatexToMathML(annotation=True, fancy_error=False)
LOGGER = logging.getLogger(__name__)


def mathml(latex: str, block: bool) -> str:
    r"""A formula as one element of MathML.

    Args:
        latex: the formula; several lines of it, as ``a &= b \\ c &= d``, are aligned.
        block: whether it stands on lines of its own.

    Raises:
        LatexError: if the formula cannot be read.
    """
    if r"\\" in latex and r"\begin" not in latex:
        latex = rf"\begin{{aligned}}{latex}\end{{aligned}}"
    return CONVERTER.convert_with_local_state(latex, displaystyle=block)


def _write(translator: HTML5Translator, node: nodes.math | nodes.math_block) -> None:
    block = isinstance(node, nodes.math_block)
    try:
        formula = mathml(node.astext(), block)
    except LatexError as error:
        LOGGER.warning("formula %s: %s", node.astext(), error, location=node)
        formula = f"<code>{translator.encode(node.astext())}</code>"
    tag = "div" if block else "span"
    translator.body.append(f"{translator.starttag(node, tag, '', CLASS='formula')}{formula}</{tag}>")
    raise nodes.SkipNode


def setup(app: Sphinx) -> dict[str, bool]:
    """Called by Sphinx."""
    app.add_html_math_renderer("mathml", (_write, None), (_write, None))
    return {"parallel_read_safe": True, "parallel_write_safe": True}
