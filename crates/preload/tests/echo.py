"""An echo server with selectors, non-blocking, its client in a thread, and programs started in between."""
import os
import selectors
import socket
import subprocess
import threading

IPPROTO_SCTP = 132
ADDRESS = os.environ["ADDRESS"]
FAMILY = socket.AF_INET6 if ":" in ADDRESS else socket.AF_INET
MESSAGES = 200

listener = socket.socket(FAMILY, socket.SOCK_STREAM, IPPROTO_SCTP)
listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
listener.bind((ADDRESS, 7006))
listener.listen()
listener.setblocking(False)
selector = selectors.DefaultSelector()
selector.register(listener, selectors.EVENT_READ)


def client():
    with socket.socket(FAMILY, socket.SOCK_STREAM, IPPROTO_SCTP) as peer:
        peer.settimeout(10)
        peer.connect((ADDRESS, 7006))
        for number in range(MESSAGES):
            message = bytes([number % 256]) * (1 + number * 20)
            peer.sendall(message)
            assert peer.recv(65536) == message
            if number % 50 == 0:
                started = subprocess.run(["echo", "child"], capture_output=True, close_fds=True, check=True)
                assert started.stdout == b"child\n"


thread = threading.Thread(target=client)
thread.start()
running = True
while running:
    for key, _ in selector.select(10):
        if key.fileobj is listener:
            accepted, name = listener.accept()
            assert name[0] and name[1]
            accepted.setblocking(False)
            selector.register(accepted, selectors.EVENT_READ)
            continue
        data = key.fileobj.recv(65536)
        if data:
            assert key.fileobj.send(data) == len(data)
        else:
            selector.unregister(key.fileobj)
            key.fileobj.close()
            running = False
thread.join()
listener.close()
print("all came back")
