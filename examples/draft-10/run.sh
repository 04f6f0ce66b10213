#!/usr/bin/env bash
# run.sh [udp|raw|auto]: the echo server of draft-ietf-tsvwg-sctpsocket-10, Appendix A, unmodified, on the userspace
# stack: builds everything, sends a file of 64 MiB through it and back, and compares.
set -euo pipefail
cd "$(dirname "$0")/../.."
link=${1:-udp}
port=5007
say() { printf '\n\033[1m%s\033[0m\n' "$*"; }
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }

command -v cc >/dev/null || { echo "run.sh: no C compiler; as root: apt-get install gcc libc6-dev" >&2; exit 1; }
say "1. Build the stack, the program usctp and the shared object"
cargo build --locked --release --workspace
built=${CARGO_TARGET_DIR:-$PWD/target}/release
usctp=$built/usctp

work=$(mktemp -d)
server=
finish() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap finish EXIT

say "2. Compile the draft's server and a client, with nothing but our header and a C compiler"
# The draft's text is compiled as it stands, with the warnings that it earns kept quiet.
cc -w -O2 -I crates/capi/include -DECHO_PORT=$port examples/draft-10/appendix_a.c -o "$work/appendix_a"
cc -O2 -I crates/capi/include examples/draft-10/echo_client.c -o "$work/echo_client" -L "$built" -l:libsctp.so
ls -l "$work/appendix_a" "$work/echo_client"

say "3. The kernel of this machine, asked for the same socket"
# Without SCTP in the kernel it ends at once and says why; with it, it would wait for clients.
timeout 1 "$work/appendix_a" </dev/null || true

say "4. Start the server on the userspace stack: usctp run --link $link -- appendix_a"
"$usctp" run --link "$link" --log info -- stdbuf -oL "$work/appendix_a" </dev/null >"$work/server.out" 2>"$work/server.err" &
server=$!

say "5. Send 64 MiB and take them back: usctp run --link $link -- echo_client"
head -c $((64 * 1024 * 1024)) /dev/urandom >"$work/there"
for attempt in $(seq 1 50); do
    if "$usctp" run --link "$link" -- "$work/echo_client" -v -s 32768 -f "$work/there" -o "$work/back" 127.0.0.1 $port \
        2>"$work/client.err"; then
        break
    fi
    # The server says nothing when it begins to listen.
    if ! grep -q refused "$work/client.err" || [ "$attempt" = 50 ] || ! kill -0 "$server" 2>/dev/null; then
        cat "$work/client.err" "$work/server.err" >&2
        echo "run.sh: the transfer failed" >&2
        exit 1
    fi
    sleep 0.1
done

say "6. Compare"
(cd "$work" && sha256sum there back)
cmp "$work/there" "$work/back"
for attempt in $(seq 1 50); do
    grep -q 'shutdown event' "$work/server.out" && break
    sleep 0.1
done
echo "The server received and sent back $(grep -c '^got' "$work/server.out") messages (a message may come in parts); it was told:"
grep '^\^\^\^' "$work/server.out"
echo "The stack said:"
sed 's/^/  /' "$work/server.err"
say "All 64 MiB came back unchanged."
