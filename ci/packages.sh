#!/bin/sh
# packages.sh: installs the Debian packages that the checks need. A bare Debian 12 with Rust is enough to start from.
# Does nothing where all of them are there already, so it needs root and a network only once.
set -eu

# A C compiler, a C++ compiler for our header, and the headers of today's libsctp, to compare our ABI with; usrsctp, another userspace stack, as a peer.
packages="git gcc g++ libc6-dev libsctp-dev libusrsctp-dev pkg-config"
# Programs that must run unmodified.
packages="$packages iperf3 lksctp-tools ncat python3 socat"
# The sources of lksctp-tools are unpacked with it (interop/lksctp-tools/build).
packages="$packages xz-utils"
# Languages with an SCTP of their own, which load libsctp by name.
packages="$packages erlang-base libsctp1 openjdk-17-jdk-headless"
# Reads our manual pages.
packages="$packages mandoc"
# Network namespaces for the tests over raw IP, and a second opinion on the packets that we send.
packages="$packages iproute2 iptables procps strace tshark"

missing=
for package in $packages; do
    dpkg-query -W -f '${Status}' "$package" 2>/dev/null | grep -q '^install ok installed' || missing="$missing $package"
done
if [ -z "$missing" ]; then
    echo "packages: all there"
    exit 0
fi

sudo=
if [ "$(id -u)" -ne 0 ]; then
    command -v sudo >/dev/null || {
        echo "packages: missing:$missing; install them as root: apt-get install$missing" >&2
        exit 1
    }
    sudo=sudo
fi
echo "packages: installing$missing"
export DEBIAN_FRONTEND=noninteractive
install() {
    # shellcheck disable=SC2086
    $sudo apt-get install -y -qq --no-install-recommends -o Dpkg::Use-Pty=0 $missing </dev/null >/tmp/packages.$$ 2>&1
}
# The list of packages may be old: refresh it only if the first attempt says so.
if ! install; then
    $sudo apt-get update -qq </dev/null
    install || {
        cat /tmp/packages.$$ >&2
        rm -f /tmp/packages.$$
        exit 1
    }
fi
rm -f /tmp/packages.$$
