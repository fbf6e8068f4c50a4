"""The documentation's site: make docs."""

import os
import sys
from importlib.metadata import version as installed
from pathlib import Path

from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx

sys.path.insert(0, str(Path(__file__).parent))
import inventories
import make_pages

os.environ.setdefault("TQDM_DISABLE", "1")

project = "gnnseq"
author = "the gnnseq authors"
project_copyright = "2026, the gnnseq authors"
version = release = installed("gnnseq")

extensions = [
    "mathml",
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.intersphinx",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
]
exclude_patterns = ["_build", "**.ipynb_checkpoints"]
source_suffix = {".md": "myst-nb", ".ipynb": "myst-nb"}

html_theme = "furo"
html_title = f"gnnseq {release}"
html_static_path = ["_static"]
html_css_files = ["figures.css"]
html_show_sphinx = False
html_math_renderer = "mathml"

myst_enable_extensions = ["dollarmath", "amsmath", "deflist"]
myst_heading_anchors = 3

# The lectures are run anew at every build. Their stored outputs are for those who open the files.
nb_execution_mode = "force"
nb_execution_timeout = 300
nb_execution_raise_on_error = True
nb_render_markdown_format = "myst"  # tables and formulas that cells show

default_role = "py:obj"
autodoc_member_order = "bysource"
autodoc_typehints = "description"
autodoc_typehints_format = "short"
autodoc_preserve_defaults = True
napoleon_google_docstring = True
napoleon_numpy_docstring = False
napoleon_use_ivar = True

intersphinx_timeout = 5
intersphinx_mapping = inventories.write(Path(__file__).parent / "_build" / "inventories")


def _public_name(app: Sphinx, env: object, node: pending_xref, content: object) -> None:
    """Lets intersphinx look for a name where the manuals list it."""
    node["reftarget"] = inventories.PUBLIC.get(node["reftarget"], node["reftarget"])


def _shapes_are_a_field(app: Sphinx, what: str, name: str, thing: object, options: object, lines: list[str]) -> None:
    """Keeps Shapes in one list with the parameters before and the errors after it."""
    lines[:] = [":Shapes:" if line == "Shapes:" else line for line in lines]


def _pages(app: Sphinx, error: Exception | None) -> None:
    """Writes the pages that page.md embeds."""
    if error is None and app.builder.format == "html":
        make_pages.write(Path(app.outdir) / "pages")


def setup(app: Sphinx) -> None:
    """Called by Sphinx."""
    app.connect("build-finished", _pages)
    app.connect("autodoc-process-docstring", _shapes_are_a_field, priority=400)
    app.connect("missing-reference", _public_name, priority=400)
