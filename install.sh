#!/bin/sh
# install.sh PREFIX: puts usctp, the shared object, the header and a pkg-config file under PREFIX (default /usr/local).
# Builds first, unless USCTP_TARGET_DIR names a folder with a release build. DESTDIR is put before all paths.
#
#   PREFIX/bin/usctp
#   PREFIX/lib/usctp/libsctp.so.1     what `usctp run` preloads; apart from the distribution's libsctp, which stays
#   PREFIX/lib/usctp/libusctp.a       the same functions under the prefix usctp_, for programs that link them
#   PREFIX/include/usctp              netinet/sctp.h, usctp.h
#   PREFIX/lib/pkgconfig/usctp.pc     cc $(pkg-config --cflags usctp) server.c $(pkg-config --libs usctp)
#   PREFIX/lib/pkgconfig/usctp-static.pc  likewise for libusctp.a
#   PREFIX/share/man                  usctp(1), usctp(3), sctp(7), a page for each function
set -eu
case ${1:-} in
-*) echo "usage: install.sh [PREFIX]" >&2; exit 2 ;;
esac
from=$(cd "$(dirname "$0")" && pwd)
prefix=${1:-/usr/local}
case $prefix in
/*) ;;
*) prefix=$PWD/$prefix ;;
esac
root=${DESTDIR:-}$prefix

if [ -z "${USCTP_TARGET_DIR:-}" ]; then
    (cd "$from" && cargo build --locked --release -p usctp-cli -p usctp-preload -p usctp-capi)
    USCTP_TARGET_DIR=${CARGO_TARGET_DIR:-$from/target}/release
fi
for file in usctp libsctp.so libusctp_capi.a; do
    [ -f "$USCTP_TARGET_DIR/$file" ] || { echo "install.sh: no $file in $USCTP_TARGET_DIR" >&2; exit 1; }
done
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' "$from/Cargo.toml" | head -n 1)

install -d "$root/bin" "$root/lib/usctp" "$root/lib/pkgconfig" "$root/include/usctp/netinet"
install -d "$root/share/man/man1" "$root/share/man/man3" "$root/share/man/man7"
# By rename, so that programs that run from the old files are left alone.
put() { # put MODE FROM TO
    install -m "$1" "$2" "$3.new.$$"
    mv -f "$3.new.$$" "$3"
}
put 755 "$USCTP_TARGET_DIR/usctp" "$root/bin/usctp"
put 755 "$USCTP_TARGET_DIR/libsctp.so" "$root/lib/usctp/libsctp.so.1"
ln -sf libsctp.so.1 "$root/lib/usctp/libsctp.so"
put 644 "$USCTP_TARGET_DIR/libusctp_capi.a" "$root/lib/usctp/libusctp.a"
put 644 "$from/crates/capi/include/netinet/sctp.h" "$root/include/usctp/netinet/sctp.h"
put 644 "$from/crates/capi/include/usctp.h" "$root/include/usctp/usctp.h"
for page in "$from"/docs/man/*; do
    put 644 "$page" "$root/share/man/man${page##*.}/${page##*/}"
done
cat >"$root/lib/pkgconfig/usctp.pc" <<PC
prefix=$prefix
libdir=\${prefix}/lib/usctp
includedir=\${prefix}/include/usctp

Name: usctp
Description: SCTP in user space: the sockets API, RFC 6458
Version: $version
Cflags: -I\${includedir}
Libs: -L\${libdir} -Wl,-rpath,\${libdir} -lsctp
PC
cat >"$root/lib/pkgconfig/usctp-static.pc" <<PC
prefix=$prefix
libdir=\${prefix}/lib/usctp
includedir=\${prefix}/include/usctp

Name: usctp-static
Description: SCTP in user space, under the prefix usctp_
Version: $version
Cflags: -I\${includedir}
Libs: \${libdir}/libusctp.a -lpthread -ldl -lm -lrt -lgcc_s
PC
echo "installed under $root: try $root/bin/usctp run -- PROGRAM"
