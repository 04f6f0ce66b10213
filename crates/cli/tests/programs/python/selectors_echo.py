#!/usr/bin/env python3
"""An echo server with `selectors` and a client, in two processes, with nothing but Python's own socket module.

selectors_echo.py server HOST PORT CLIENTS   serves until CLIENTS associations have come and gone
selectors_echo.py client HOST PORT OCTETS    sends OCTETS and checks what comes back
"""

import hashlib
import selectors
import socket
import sys


def family(host):
    return socket.AF_INET6 if ":" in host else socket.AF_INET


def serve(host, port, clients):
    listener = socket.socket(family(host), socket.SOCK_STREAM, socket.IPPROTO_SCTP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.listen()
    listener.setblocking(False)
    selector = selectors.DefaultSelector()
    selector.register(listener, selectors.EVENT_READ)
    print("listening", flush=True)
    waiting = {}  # what is still to be sent back, by socket
    while clients:
        for key, events in selector.select(timeout=30) or sys.exit("nothing for 30 s"):
            if key.fileobj is listener:
                conn, peer = listener.accept()
                print("accepted", peer[0], flush=True)
                conn.setblocking(False)
                waiting[conn] = bytearray()
                selector.register(conn, selectors.EVENT_READ)
                continue
            conn = key.fileobj
            if events & selectors.EVENT_READ:
                data = conn.recv(65536)
                if not data:
                    selector.unregister(conn)
                    del waiting[conn]
                    conn.close()
                    clients -= 1
                    continue
                waiting[conn] += data
            if events & selectors.EVENT_WRITE or waiting[conn]:
                try:
                    while waiting[conn]:
                        sent = conn.send(waiting[conn][:32768])
                        del waiting[conn][:sent]
                except BlockingIOError:
                    pass
                mask = selectors.EVENT_READ | (selectors.EVENT_WRITE if waiting[conn] else 0)
                selector.modify(conn, mask)


def client(host, port, octets):
    conn = socket.socket(family(host), socket.SOCK_STREAM, socket.IPPROTO_SCTP)
    conn.settimeout(30)
    conn.connect((host, port))
    print("connected from", conn.getsockname()[0], "to", conn.getpeername()[0])
    conn.setblocking(False)
    selector = selectors.DefaultSelector()
    selector.register(conn, selectors.EVENT_READ | selectors.EVENT_WRITE)
    pattern = bytes(range(251)) * 128
    there, back, sent, received = hashlib.sha256(), hashlib.sha256(), 0, 0
    while received < octets:
        for _, events in selector.select(timeout=30) or sys.exit(f"nothing for 30 s: {sent} sent, {received} back"):
            if events & selectors.EVENT_READ:
                data = conn.recv(65536)
                if not data:
                    sys.exit(f"ended early: {sent} sent, {received} back")
                back.update(data)
                received += len(data)
            if events & selectors.EVENT_WRITE:
                if sent == octets:
                    selector.modify(conn, selectors.EVENT_READ)
                    continue
                piece = pattern[:min(len(pattern), octets - sent)]
                try:
                    n = conn.send(piece)
                except BlockingIOError:
                    continue
                there.update(piece[:n])
                sent += n
    assert there.digest() == back.digest(), "what came back differs"
    conn.close()
    print(f"{received} octets came back unchanged")


if __name__ == "__main__":
    role, host, port, number = sys.argv[1:5]
    {"server": serve, "client": client}[role](host, int(port), int(number))
