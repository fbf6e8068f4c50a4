"""Pages in a real browser: Chromium, driven by Node with playwright-core, as `make test-browser` installs them."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

MODULES = Path(__file__).parent / "browser" / "node_modules"
BROWSER = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
needs_browser = pytest.mark.skipif(
    shutil.which("node") is None or not BROWSER or not (MODULES / "playwright-core").exists(),
    reason="no browser: make test-browser installs one",
)
_PROGRAM = """
const { chromium } = require("playwright-core"), { readFileSync } = require("node:fs");
const given = JSON.parse(readFileSync(process.argv[2], "utf8"));
(async () => {
  const browser = await chromium.launch({ executablePath: given.browser, args: ["--no-sandbox"] });
  try {
    const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...given.context });
    const page = await context.newPage();
    const faults = [], requests = [];
    page.on("console", message => { if (["error", "warning"].includes(message.type())) faults.push(message.text()); });
    page.on("pageerror", error => faults.push(error.message));
    page.on("dialog", dialog => { faults.push(`dialog: ${dialog.message()}`); dialog.dismiss(); });
    page.on("request", request => { if (!/^(file|data):/.test(request.url())) requests.push(request.url()); });
    await page.goto(given.address);
    await page.waitForFunction("document.documentElement.dataset.ready");
    const answer = await (async () => { CODE })();
    console.log(JSON.stringify({ answer, faults, requests }));
  } finally { await browser.close(); }
})().catch(error => { console.error(error); process.exit(1); });
"""


def browse(path, code, fragment="", **context):
    """What JavaScript returns that drives ``page``; the page must have asked for nothing and reported no fault.

    Args:
        path: of the HTML file.
        code: the body of an async function.
        fragment: behind the file's address.
        context: of the browser, such as ``colorScheme``.
    """
    given = {"browser": BROWSER, "address": path.as_uri() + fragment, "context": context}
    with TemporaryDirectory() as folder:
        program, settings = Path(folder) / "drive.cjs", Path(folder) / "given.json"
        program.write_text(_PROGRAM.replace("CODE", code), encoding="utf-8")
        settings.write_text(json.dumps(given), encoding="utf-8")
        command = ["node", str(program), str(settings)]
        environment = os.environ | {"NODE_PATH": str(MODULES)}
        done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=180, check=False)
    assert done.returncode == 0, done.stderr[-3000:]
    found = json.loads(done.stdout)
    assert found["faults"] == []
    assert found["requests"] == []
    return found["answer"]
