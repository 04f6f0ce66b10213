/* Peers that are not this stack. */
#include "conform.h"

/* The stack's own port of UDP encapsulation, where a peer of ours takes the usual one. */
static void take_other_port(void)
{
	setenv("USCTP_UDP_PORT", "9900", 1);
}

struct silence silence(void)
{
	struct silence made = { .host = 9 };
	struct sockaddr_in usual = v4(made.host, 9899);

	if (is_kernel()) {
		if (system("iptables -C INPUT -d 127.0.0.9 -j DROP 2>/dev/null || iptables -A INPUT -d 127.0.0.9 -j DROP") != 0)
			case_skipped("needs iptables");
		made.fd = -1;
		return made;
	}
	take_other_port();
	made.fd = OK(socket(AF_INET, SOCK_DGRAM, 0));
	OK(bind(made.fd, SA(usual)));
	return made;
}

int silence_heard(struct silence *silence, int type)
{
	unsigned char packet[65536];
	int count = 0;

	if (silence->fd < 0)
		case_skipped("hears what was sent");
	for (;;) {
		ssize_t len = recv(silence->fd, packet, sizeof(packet), MSG_DONTWAIT);

		if (len < 0)
			return count;
		for (ssize_t at = 12; at + 4 <= len;) {
			ssize_t size = packet[at + 2] << 8 | packet[at + 3];

			count += packet[at] == type;
			at += size < 4 ? 4 : (size + 3) & ~3;
		}
	}
}
