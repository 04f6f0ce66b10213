#!/usr/bin/env python3
"""generate.py: sequences for calls.c, to be recorded.

generate.py options          every option in every state, with good, bad, short and long values
generate.py random SEED N    N sequences of calls by chance: valid most of the time, and the same for the same seed
"""

import random
import sys

EVENTS = "EVENTS io=1 assoc=1 addr=1 failure=1 error=1 shutdown=1 partial=1 adaptation=1"

# Option: the values that are tried besides none at all.
OPTIONS = {
    "RTOINFO": ["initial=2000", "initial=500 max=400", "min=100000", "initial=10 max=10 min=10", "max=5000 min=6000"],
    "ASSOCINFO": ["maxrxt=3", "maxrxt=65535 cookie_life=1000", "cookie_life=4294967295", "peer_rwnd=5 local_rwnd=5"],
    "INITMSG": ["ostreams=5", "ostreams=65535 instreams=3 attempts=2 timeo=100", "attempts=65535"],
    "NODELAY": ["v=1", "v=-5"],
    "AUTOCLOSE": ["v=3", "v=-1", "v=100000000"],
    "PRIMARY_ADDR": ["addr={peer}", "addr={none}", "addr=family=99"],
    "ADAPTATION_LAYER": ["v=7"],
    "DISABLE_FRAGMENTS": ["v=1", "v=2"],
    "PEER_ADDR_PARAMS": [
        "hb=1000", "hb=1000 flags=1", "flags=3", "flags=2", "flags=4", "flags=8", "flags=8 mtu=1000", "flags=16 mtu=1000",
        "flags=16 mtu=100", "flags=16 mtu=70000", "flags=24", "flags=32 sackdelay=300", "flags=32 sackdelay=501", "flags=64",
        "flags=96", "flags=128", "maxrxt=3", "addr={peer} hb=2000 flags=1", "addr={none} hb=2000 flags=1", "flags=256 label=5",
        "flags=512 dscp=12", "flags=0x400"],
    "DEFAULT_SEND_PARAM": ["sid=3 ppid=7 ctx=9 ttl=1000", "flags=UNORDERED", "flags=0x400", "flags=ABORT", "sid=60000"],
    "EVENTS": ["io=1 assoc=1", "io=2 dry=1", "io=1 failevent=1 auth=1"],
    "I_WANT_MAPPED_V4_ADDR": ["v=0", "v=5"],
    "MAXSEG": ["v=500", "v=100", "v=463", "v=464", "v=65516", "v=65517", "v=1452", "v=2000"],
    "DELAYED_SACK": ["delay=100", "delay=501", "freq=1", "freq=5", "delay=300 freq=1", "delay=500 freq=0"],
    "CONTEXT": ["v=77"],
    "FRAGMENT_INTERLEAVE": ["v=1", "v=2", "v=3", "v=-1"],
    "PARTIAL_DELIVERY_POINT": ["v=1000", "v=10000000", "v=106496", "v=212993"],
    "MAX_BURST": ["v=7", "v=4294967295"],
    "GET_ASSOC_NUMBER": [],
    "GET_ASSOC_ID_LIST": [],
    "STATUS": [],
    "GET_PEER_ADDR_INFO": ["addr={peer}", "addr={none}"],
    "PEER_ADDR_THLDS": ["maxrxt=3 pf=1", "maxrxt=0 pf=2", "addr={peer} maxrxt=4 pf=1", "addr={none} maxrxt=4"],
    "PEER_ADDR_THLDS_V2": ["maxrxt=3 pf=1 cp=4", "maxrxt=3 pf=4 cp=1", "addr={peer} maxrxt=4 pf=1 cp=65535"],
    "RECVRCVINFO": ["v=1", "v=9"],
    "RECVNXTINFO": ["v=1"],
    "DEFAULT_SNDINFO": ["sid=3 ppid=7 ctx=9", "flags=UNORDERED", "flags=0x400", "sid=60000"],
    "REUSE_PORT": ["v=1"],
    "PR_SUPPORTED": ["v=0", "v=1", "v=2"],
    "DEFAULT_PRINFO": ["policy=16 value=100", "policy=32 value=3", "policy=48 value=1", "policy=64 value=1", "policy=0 value=9"],
    "PR_ASSOC_STATUS": ["policy=16", "policy=128", "policy=0", "policy=64"],
    "PR_STREAM_STATUS": ["policy=16", "sid=3 policy=32", "sid=100 policy=16", "policy=128"],
    "EVENT": ["type=0x8001 on=1", "type=0x8009 on=1", "type=0x8000 on=1", "type=5 on=1", "type=0x8001 on=7", "type=0x800e on=1"],
    "ECN_SUPPORTED": ["v=0", "v=2"],
    "REMOTE_UDP_ENCAPS_PORT": ["port=9899", "addr={peer} port=9899", "addr={none} port=1", "port=0"],
    "GET_ASSOC_STATS": [],
    "GET_PEER_ADDRS": [],
    "GET_LOCAL_ADDRS": [],
    "SO_RCVBUF": ["v=20000", "v=1"],
    "SO_SNDBUF": ["v=20000", "v=1"],
    "SO_REUSEADDR": ["v=1", "v=-3"],
    "SO_REUSEPORT": ["v=1"],
    "SO_KEEPALIVE": ["v=1"],
    "SO_BROADCAST": ["v=1"],
    "SO_OOBINLINE": ["v=1"],
    "SO_ERROR": ["v=1"],
    "SO_TYPE": ["v=1"],
    "SO_PROTOCOL": [],
    "SO_DOMAIN": [],
    "SO_ACCEPTCONN": [],
    "SO_LINGER": ["on=1 time=5", "on=5 time=7", "on=0 time=3"],
    "SO_RCVLOWAT": ["v=100", "v=0"],
    "SO_SNDLOWAT": ["v=100"],
    "SO_RCVTIMEO": ["sec=1 usec=500000", "usec=1000000", "sec=-1"],
    "SO_SNDTIMEO": ["sec=2"],
    "SO_PRIORITY": ["v=3"],
    "IPV6_V6ONLY": ["v=1"],
    "IP_TTL": ["v=9", "v=0", "v=256"],
    "IP_TOS": ["v=16"],
    "132:57": ["v=1"],
    "132:200": ["v=1"],
    "1:200": ["v=1"],
    "0:200": ["v=1"],
    "77:1": ["v=1"],
}
# Options with the id of an association in front.
BY_ID = {
    "RTOINFO", "ASSOCINFO", "PRIMARY_ADDR", "PEER_ADDR_PARAMS", "DEFAULT_SEND_PARAM", "MAXSEG", "STATUS",
    "GET_PEER_ADDR_INFO", "DELAYED_SACK", "CONTEXT", "MAX_BURST", "PEER_ADDR_THLDS", "PEER_ADDR_THLDS_V2",
    "DEFAULT_SNDINFO", "PR_SUPPORTED", "DEFAULT_PRINFO", "PR_ASSOC_STATUS", "PR_STREAM_STATUS", "EVENT", "ECN_SUPPORTED",
    "REMOTE_UDP_ENCAPS_PORT", "GET_ASSOC_STATS", "GET_PEER_ADDRS", "GET_LOCAL_ADDRS",
}
FAMILIES = {
    "4": ("127.0.0.1:5001", "127.0.0.1:0", "127.0.0.1:5009", "127.0.0.1:5002"),
    "6": ("[::1]:5001", "[::1]:0", "[::1]:5009", "[::1]:5002"),
}


def set_up(style, family, state):
    """Brings socket `c` into a state."""
    server, own, _, other = FAMILIES[family]
    lines = [f"socket c {style} {family}"]
    if state == "bound":
        lines += [f"bind c {other}"]
    elif state == "listening":
        lines += [f"bind c {other}", "listen c"]
    elif state in ("connected", "closed-by-peer"):
        lines = [f"socket l {style} {family}", f"bind l {server}", "listen l", *lines, f"bind c {own}", f"connect c {server}"]
        if style == "1to1":
            lines += ["accept s l"]
        else:
            # For its id.
            lines += ["get c GET_ASSOC_ID_LIST", "get l GET_ASSOC_ID_LIST"]
        if state == "closed-by-peer":
            lines += ["close s", "close l", "poll c until=RDHUP" if style == "1to1" else "settle"]
    return lines


def options():
    for style in ("1to1", "1tom"):
        for option, values in OPTIONS.items():
            for family in ("4", "6") if option in ("PEER_ADDR_PARAMS", "PRIMARY_ADDR", "MAXSEG", "IPV6_V6ONLY") else ("4",):
                for state in ("fresh", "listening", "connected", "closed-by-peer"):
                    lines = set_up(style, family, state)
                    peer, _, none, _ = FAMILIES[family]
                    lines += [f"get c {option}", f"get c {option} len=0", f"get c {option} len=3", f"get c {option} len=500"]
                    for value in values:
                        value = value.format(peer=peer, none=none)
                        lines += [f"set c {option} {value}", f"get c {option} {value}" if "addr=" in value or "type=" in value
                                  or "sid=" in value and option.startswith("PR_") else f"get c {option}"]
                    value = values[0].format(peer=peer, none=none) if values else ""
                    lines += [f"set c {option} {value} len={n}".replace("  ", " ") for n in (0, 3, 400)]
                    if option in BY_ID and style == "1tom":
                        for name in ["a1"] * (state == "connected") + ["a2"] * (state == "connected") + ["1", "2", "-1", "7777"]:
                            lines += [f"get c {option} id={name}", f"set c {option} id={name} {value}".strip()]
                        lines += [f"get c {option}"] + [f"get c {option} id=a1"] * (state == "connected")
                    yield f"{style}/ipv{family}/{state}/{option}", lines


def message(chance):
    kind = chance.randrange(10)
    if kind < 6:
        return str(chance.choice([1, 10, 100, 1000, 1400, 2000, 5000]))
    return '"' + "".join(chance.choice("abcdefgh") for _ in range(chance.randint(1, 8))) + '"'


def by_chance(chance):
    """One sequence: both ends on the loopback, calls of all kinds, and at the end what is left to be read."""
    family = chance.choice("46")
    style = chance.choice(["1to1", "1tom"])
    server, own, none, other = FAMILIES[family]
    lines = []
    for name, address in (("l", server), ("c", own)):
        lines.append(f"socket {name} {style} {family} nb=1")
        # So that nothing hangs on the 200 ms of a delayed SACK.
        lines.append(f"set {name} DELAYED_SACK freq=1")
        if chance.random() < 0.7:
            lines.append(f"set {name} {EVENTS}")
        if chance.random() < 0.4:
            lines.append(f"set {name} {chance.choice(['RECVRCVINFO v=1', 'RECVNXTINFO v=1', 'NODELAY v=1', 'CONTEXT v=3'])}")
        lines.append(f"bind {name} {address}")
    lines += ["listen l", f"connect c {server}", "poll c until=OUT", "settle"]
    ends = ["c"]
    if style == "1to1":
        lines.append("accept s l")
        ends.append("s")
    else:
        lines += ["get c GET_ASSOC_ID_LIST", "get l GET_ASSOC_ID_LIST"]
        ends.append("l")
    names = {"c": "a1", "l": "a2"}
    for _ in range(chance.randint(6, 16)):
        end = chance.choice(ends)
        to = f" snd:id={names[end]}" if style == "1tom" and end in names else ""
        pick = chance.random()
        if pick < 0.28:
            extra = chance.choice(["", "", "sid=1", "sid=9", "sid=10", "flags=UNORDERED", "ppid=5", "ctx=3"])
            if to and extra:
                lines.append(f"send {end} {message(chance)}{to},{extra}")
            elif extra:
                lines.append(f"send {end} {message(chance)} snd:{extra}")
            else:
                lines.append(f"send {end} {message(chance)}{to}")
        elif pick < 0.50:
            flags = chance.choice(["", "", "", " flags=PEEK", " flags=TRUNC", " flags=WAITALL"])
            lines.append(f"recv {end}{chance.choice(['', '', '', ' 5', ' 1000'])}{flags}")
        elif pick < 0.60:
            lines.append(f"poll {end}")
        elif pick < 0.66:
            lines.append(f"shutdown {end} {chance.choice(['wr', 'wr', 'rd', 'rdwr'])}")
        elif pick < 0.70:
            lines.append(f'send {end} "" ' + (f"{to.strip()},flags=EOF" if to else "snd:flags=EOF"))
        elif pick < 0.73:
            lines.append(f'send {end} "cause" ' + (f"{to.strip()},flags=ABORT" if to else "snd:flags=ABORT"))
        elif pick < 0.76:
            lines.append(f"close {end}")
        elif pick < 0.80:
            lines.append(f"connect {end} {chance.choice([server, none])}")
        elif pick < 0.83 and style == "1tom":
            lines.append(f"peeloff p {end} {names.get(end, 'a1')}")
            if "p" not in ends:
                ends.append("p")
        elif pick < 0.86:
            lines.append(f"get{'sock' if chance.random() < 0.5 else 'peer'}name {end}")
        elif pick < 0.90:
            lines.append(f"get {end} {chance.choice(['SO_ERROR', 'STATUS', 'GET_PEER_ADDRS', 'GET_LOCAL_ADDRS', 'SO_ACCEPTCONN'])}")
        elif pick < 0.93:
            lines.append(f"set {end} SO_LINGER on=1 time=0")
        elif pick < 0.95:
            lines.append(f"fionread {end}")
        elif pick < 0.97:
            lines.append(f"listen {end} {chance.choice([0, 1, 5])}")
        else:
            lines.append(f"bind {end} {chance.choice([own, other])}")
        # A call that sends is followed by the time that its packets take.
        if lines[-1].split()[0] in ("send", "shutdown", "close", "connect"):
            lines.append("settle 15")
    lines.append("settle 300")
    for end in ends:
        lines += [f"poll {end}"] + [f"recv {end}"] * 5 + [f"get {end} SO_ERROR", f"send {end} 1"]
    return lines


def main():
    if sys.argv[1] == "options":
        sequences = [(f"options/{name}", lines) for name, lines in options()]
    else:
        seed, count = int(sys.argv[2]), int(sys.argv[3])
        sequences = [(f"random{seed}/{n}", by_chance(random.Random(seed * 100000 + n))) for n in range(count)]
    print("# not recorded\n")
    for name, lines in sequences:
        print(f"== {name}\n" + "\n".join(lines) + "\n")


main()
