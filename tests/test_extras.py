import sys

import pytest

from gnnseq.extras import require


def test_a_module_that_is_there_is_given():
    import json.decoder

    assert require("json.decoder", "text") is json.decoder


def test_a_missing_package_names_its_extra():
    with pytest.raises(ImportError, match=r'^no_such is not installed; it comes with: pip install "gnnseq\[text\]"$'):
        require("no_such.part", "text")


def test_a_fault_inside_an_installed_package_is_passed_on(tmp_path, monkeypatch):
    (tmp_path / "half_made").mkdir()
    (tmp_path / "half_made" / "__init__.py").write_text("import no_such\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(ModuleNotFoundError, match="No module named 'no_such'"):
        require("half_made", "text")
    assert "half_made" not in sys.modules


def test_a_missing_part_of_an_installed_package_is_no_missing_extra():
    with pytest.raises(ModuleNotFoundError, match=r"json\.no_such"):
        require("json.no_such", "text")
