#!/bin/sh
# Installs nginx for the tests of TLS where apt may be used; elsewhere says how to get it.
# Those tests are skipped without it, everything else runs. It is not started as a service.
{ command -v nginx || test -x /usr/sbin/nginx; } >/dev/null 2>&1 && exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
  echo "camphora: 安裝 nginx / installing nginx" >&2
  export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
  { apt-get install -y -qq --no-install-recommends nginx-light || { apt-get update -qq && apt-get install -y -qq --no-install-recommends nginx-light; }; } >/dev/null 2>&1 && exit 0
fi
echo "camphora: 略過 TLS 測試；如需執行請安裝：apt-get install nginx-light / the tests of TLS will be skipped: apt-get install nginx-light" >&2
exit 0
