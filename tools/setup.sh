#!/bin/sh
# Makes .venv with the locked dependencies. Each thing that can go wrong says so in one line.
set -u
UV_VERSION=0.13.9
group=${1:-dev}

fail() { echo "camphora: $1" >&2; exit 1; }

old=""
python=""
for name in ${PYTHON:-python3.13 python3.12 python3.11 python3 python}; do
  command -v "$name" >/dev/null 2>&1 || continue
  if "$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then python=$name; break; fi
  old=$("$name" -V 2>&1)
done
[ -n "$python" ] || fail "需要 Python 3.11 以上版本${old:+（目前為 $old）} / Python 3.11 or newer is needed${old:+ (found $old)}: install it, or name one with PYTHON=/path/to/python make setup"

[ -w . ] || fail "此資料夾為唯讀，請複製到可寫入之處 / this folder is read-only: copy it to a place where you may write"

if [ ! -x .venv/bin/uv ]; then
  "$python" -c 'import venv, ensurepip' 2>/dev/null || fail "Python 缺少 venv 模組，Debian／Ubuntu 請執行 apt-get install python3-venv / this Python has no venv module: on Debian or Ubuntu run apt-get install python3-venv"
  "$python" -m venv .venv 2>/dev/null || fail "無法建立 .venv（磁碟空間或權限）/ .venv could not be made (disk space or permissions)"
  echo "camphora: 安裝工具 / installing tools" >&2
  .venv/bin/python -m pip install --quiet --disable-pip-version-check "uv==$UV_VERSION" 2>.venv/setup.log \
    || fail "無法連線至套件庫，請檢查網路或 PIP_INDEX_URL（記錄：.venv/setup.log）/ the package index cannot be reached: check the network or PIP_INDEX_URL (log: .venv/setup.log)"
fi

groups="--group dev"
[ "$group" = docs ] && groups="--group dev --group docs"
[ "$group" = run ] && groups="--no-dev"
stamp=".venv/.synced-$group"
if [ ! -f "$stamp" ] || [ uv.lock -nt "$stamp" ] || [ pyproject.toml -nt "$stamp" ]; then
  echo "camphora: 安裝相依套件 / installing the locked dependencies" >&2
  # shellcheck disable=SC2086
  UV_PROJECT_ENVIRONMENT=.venv .venv/bin/uv sync --frozen --quiet --inexact $groups 2>.venv/setup.log \
    || fail "相依套件安裝失敗，請檢查網路與磁碟空間（記錄：.venv/setup.log）/ the dependencies could not be installed: check the network and disk space (log: .venv/setup.log)"
  touch "$stamp"
fi
