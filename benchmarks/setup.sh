#!/bin/sh
# Makes .venv-bench: the packages of .venv, and the benchmarks' peers on top of them.
set -eu
cd "$(dirname "$0")/.."
state="$(pwd -P) $(cat benchmarks/requirements.txt benchmarks/setup.sh | cksum)"
if [ "$(cat .venv-bench/done 2>/dev/null)" = "$state" ]; then
    exit 0
fi
echo "setup: .venv-bench with the benchmarks' peers"
rm -rf .venv-bench
.venv/bin/python -m venv .venv-bench
# Packages of .venv are found after those installed here.
site=$(.venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))')
.venv-bench/bin/python -c '
import sys, sysconfig
from pathlib import Path
path = Path(sysconfig.get_path("purelib"), "gnnseq-venv.pth")
path.write_text(f"import site; site.addsitedir({sys.argv[1]!r})\n")' "$site"
.venv-bench/bin/python -m pip install --quiet --disable-pip-version-check --no-deps -r benchmarks/requirements.txt
echo "$state" >.venv-bench/done
