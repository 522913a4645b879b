#!/usr/bin/env bash
# Runs the self-test of a folder of `edgernn export --format c` on an emulated bare-metal Cortex-M7.
#
#   tests/device/cortex_m.sh FOLDER
#
# Needs the Debian packages gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm.
set -euo pipefail
folder=$(realpath "${1:?usage: cortex_m.sh FOLDER, of edgernn export --format c}")
here=$(dirname "$(realpath "$0")")/cortex_m
for program in arm-none-eabi-gcc qemu-system-arm; do
  command -v $program >/dev/null || {
    echo "error: $program is missing"
    echo "  next:     apt-get install gcc-arm-none-eabi libnewlib-arm-none-eabi qemu-system-arm"
    exit 1
  } >&2
done
build=$(mktemp -d)
trap 'rm -rf "$build"' EXIT
make_image() { # name, files...
  local image=$build/$1
  shift
  arm-none-eabi-gcc -mcpu=cortex-m7 -mthumb -mfloat-abi=hard -mfpu=fpv5-sp-d16 -std=gnu99 -Os \
    -ffunction-sections -fdata-sections -Wl,--gc-sections -nostartfiles --specs=rdimon.specs \
    -T "$here/memory.ld" -I"$folder/src" "$here/startup.c" "$@" \
    "$folder/src/model.c" "$folder/src/edgernn.c" -lm -o "$image"
  echo "flash and RAM of $(basename "$image"): $(arm-none-eabi-size "$image" | tail -1)"
}
run_image() {
  timeout 300 qemu-system-arm -M mps2-an500 -nographic -semihosting-config enable=on,target=native \
    -kernel "$build/$1" </dev/null
}
make_image selftest "$folder/selftest.c" "$folder/model_vectors.c"
run_image selftest
make_image memory_used "$here/memory_used.c"
run_image memory_used
