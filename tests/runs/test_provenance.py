import json
import os
import subprocess
from pathlib import Path

import gnnseq
from gnnseq.runs import provenance


def test_surroundings_are_plain_values():
    found = provenance.surroundings()
    assert json.loads(json.dumps(found)) == found
    assert found["versions"]["gnnseq"] == gnnseq.__version__
    assert {"torch", "torch-geometric", "numpy", "python"} <= set(found["versions"])
    assert found["started"].endswith("Z")


def test_the_revision_is_that_of_a_checkout(tmp_path, monkeypatch):
    def git(*arguments):
        settings = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
        command = ["git", "-C", str(tmp_path), *settings, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    (tmp_path / "__init__.py").write_text("")
    monkeypatch.setattr(gnnseq, "__file__", str(tmp_path / "__init__.py"))
    revision = provenance.git_revision.__wrapped__
    assert revision() is None
    git("init", "-q")
    assert revision() is None  # the folder is in a repository that does not track it
    git("add", "__init__.py")
    git("commit", "-qm", "first")
    assert revision() == {"revision": git("rev-parse", "HEAD"), "changed": False}
    (tmp_path / "__init__.py").write_text("x = 1\n")
    assert revision()["changed"]


def test_reading_the_revision_writes_nothing_into_the_checkout(tmp_path, monkeypatch):
    def git(*arguments):
        subprocess.run(["git", "-C", str(tmp_path), *arguments], check=True, capture_output=True)

    source = tmp_path / "__init__.py"
    source.write_text("")
    git("init", "-q")
    git("add", "__init__.py")
    git("-c", "user.name=a", "-c", "user.email=a@b.c", "commit", "-qm", "first")
    os.utime(source, (1, 1))  # so that the index is out of date, though nothing was changed
    monkeypatch.setattr(gnnseq, "__file__", str(source))
    before = (tmp_path / ".git" / "index").read_bytes()
    assert provenance.git_revision.__wrapped__()["changed"] is False
    assert (tmp_path / ".git" / "index").read_bytes() == before


def test_without_git_there_is_no_revision(monkeypatch):
    monkeypatch.setenv("PATH", str(Path(__file__).parent / "nowhere"))
    assert provenance.git_revision.__wrapped__() is None
