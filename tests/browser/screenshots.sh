#!/usr/bin/env bash
# Pictures of a page of `edgernn bench --html`, in a real browser: phone and desktop, light and dark.
#
#   tests/browser/screenshots.sh report.html FOLDER
#
# Needs Debian's chromium and a font: apt-get install --no-install-recommends chromium fonts-dejavu-core
set -euo pipefail
page=$(realpath "${1:?usage: screenshots.sh report.html FOLDER}")
folder=${2:?usage: screenshots.sh report.html FOLDER}
command -v chromium >/dev/null || {
  echo "error: there is no chromium"
  echo "  next:     apt-get install --no-install-recommends chromium fonts-dejavu-core"
  exit 1
} >&2
mkdir -p "$folder"
# A headless window is never narrower than 500 pixels, so the phone is a frame of its own width.
phone=$(mktemp --suffix .html)
trap 'rm -f "$phone"' EXIT
printf '<!doctype html><body style="margin:0"><iframe src="file://%s" style="border:0;width:375px;height:%spx">' \
  "$page" 5200 >"$phone"
shoot() { # name, page, width, height, scheme
  local scheme=1
  [ "$5" = dark ] && scheme=0
  chromium --headless --no-sandbox --disable-gpu --hide-scrollbars --allow-file-access-from-files \
    --blink-settings=preferredColorScheme=$scheme --window-size="$3,$4" \
    --screenshot="$folder/$1-$5.png" "file://$2" >/dev/null 2>&1
  echo "$folder/$1-$5.png"
}
for scheme in light dark; do
  shoot desktop "$page" 1280 2600 $scheme
  shoot phone "$phone" 500 3600 $scheme
done
