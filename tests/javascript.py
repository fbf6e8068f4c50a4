"""The page's scripts, run by Node."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

import gnnseq

SCRIPTS = Path(gnnseq.__file__).parent / "page"
needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="node is not installed")


def run_node(code, data=None, scripts=("engine.js",)):
    """What ``code`` gives as ``answer``, in JSON; ``data`` are its ``given``."""
    parts = [(SCRIPTS / name).read_text(encoding="utf-8") for name in scripts]
    parts.append(f"const given = {json.dumps(data)};")
    program = "\n".join([*parts, code, "console.log(JSON.stringify(answer));"])
    done = subprocess.run(["node", "-"], input=program, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)
