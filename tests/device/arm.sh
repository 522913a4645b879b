#!/usr/bin/env bash
# Runs the self-tests of bundles on an emulated ARM processor, such as that of a Raspberry Pi.
#
#   tests/device/arm.sh arm64 model/*.edgernn         64-bit: LiteRT, ONNX Runtime and NumPy
#   tests/device/arm.sh armhf model/native-*.edgernn  32-bit: NumPy alone, the other engines have no wheels
#
# Needs the Debian packages qemu-user-static and debootstrap, and the network. Not run by pytest.
# Unpacks packages into DEVICE (default: build/device) and does not install them.
set -euo pipefail
arch=$1
shift
root=$(cd "$(dirname "$0")/../.." && pwd)
place=${DEVICE:-$root/build/device}/$arch
case $arch in
    arm64) emulator=qemu-aarch64-static triplet=aarch64-linux-gnu processor=neoverse-n1 ;;
    armhf) emulator=qemu-arm-static triplet=arm-linux-gnueabihf processor=cortex-a15 ;;
    *) echo "error: unknown processor $arch; expected: arm64 | armhf" >&2; exit 2 ;;
esac
for tool in $emulator debootstrap dpkg-deb; do
    command -v "$tool" > /dev/null || {
        echo "error: $tool is missing; next: apt-get install qemu-user-static debootstrap" >&2
        exit 1
    }
done

if [ ! -e "$place/ready" ]; then
    rm -rf "$place"
    mkdir -p "$place/system" "$place/site"
    debootstrap --arch="$arch" --variant=minbase --include=python3,python3-numpy \
        --download-only bookworm "$place/packages" > "$place/debootstrap.log"
    for package in "$place"/packages/var/cache/apt/archives/*.deb; do
        dpkg-deb -x "$package" "$place/system"
    done
    if [ "$arch" = arm64 ]; then
        # The engines read the processor from here; otherwise they would read that of the host.
        mkdir -p "$place/system/proc" "$place/system/sys/devices/system/cpu"
        printf 'processor\t: 0\nFeatures\t: fp asimd aes crc32 atomics fphp asimdhp asimdrdm asimddp\nCPU implementer\t: 0x41\nCPU architecture: 8\nCPU variant\t: 0x3\nCPU part\t: 0xd0c\nCPU revision\t: 1\n' \
            > "$place/system/proc/cpuinfo"
        echo 0 | tee "$place/system/sys/devices/system/cpu/possible" \
            > "$place/system/sys/devices/system/cpu/present"
        "$root/.venv/bin/python" -m pip download --quiet --dest "$place/wheels" \
            --platform manylinux_2_28_aarch64 --platform manylinux_2_27_aarch64 \
            --platform manylinux_2_17_aarch64 --platform manylinux2014_aarch64 \
            --python-version 3.11 --only-binary=:all: --constraint "$root/constraints.txt" \
            numpy ai-edge-litert onnxruntime
        for wheel in "$place"/wheels/*.whl; do
            "$root/.venv/bin/python" -m zipfile -e "$wheel" "$place/site"
        done
    fi
    touch "$place/ready"
fi

export PYTHONHOME=$place/system/usr PYTHONPATH=$place/site:$root/runtime PYTHONWARNINGS=ignore
libraries=$place/system/usr/lib/$triplet
exec "$emulator" -cpu "$processor" -E LD_LIBRARY_PATH="$libraries/blas:$libraries/lapack" \
    -L "$place/system" "$place/system/usr/bin/python3.11" "$root/tests/device/replay.py" "$@"
