"""One HTML file for any run: figures that can be touched, and models that answer while one types."""

from gnnseq.page.document import export_page
from gnnseq.page.kept import run_kept
from gnnseq.page.models import page_model
from gnnseq.page.packer import NoForwardPassError

__all__ = ["NoForwardPassError", "export_page", "page_model", "run_kept"]
