#!/bin/sh
# Installs Chromium and CJK fonts for the browser tests where apt may be used; elsewhere says how to get them.
# Browser tests are skipped without them, everything else runs.
command -v chromium >/dev/null 2>&1 && fc-list 2>/dev/null | grep -qi "noto.*cjk" && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "camphora: 安裝 Chromium 與中文字型 / installing Chromium and CJK fonts" >&2
  { apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq chromium fonts-noto-cjk fontconfig; } >/dev/null 2>&1 && exit 0
fi
echo "camphora: 略過瀏覽器測試；如需執行請安裝：apt-get install chromium fonts-noto-cjk / browser tests will be skipped: apt-get install chromium fonts-noto-cjk" >&2
exit 0
