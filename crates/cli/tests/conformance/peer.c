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

static uint32_t crc32c(const unsigned char *octets, size_t len)
{
	uint32_t crc = ~0u;

	while (len-- > 0) {
		crc ^= *octets++;
		for (int bit = 0; bit < 8; bit++)
			crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78u : 0);
	}
	return ~crc;
}

void inject(int to_server, const void *chunk, size_t len)
{
	const struct chunk *init = WIRE(INIT, 0);
	struct chunk first = *init;
	unsigned char packet[2000] = { 0 }, init_tag[4], ack_tag[4];

	memcpy(init_tag, init->value, 4);
	memcpy(ack_tag, WIRE(INIT_ACK, 0)->value, 4);
	uint16_t from = to_server ? first.source_port : first.destination_port;
	uint16_t to = to_server ? first.destination_port : first.source_port;
	packet[0] = (unsigned char)(from >> 8);
	packet[1] = (unsigned char)from;
	packet[2] = (unsigned char)(to >> 8);
	packet[3] = (unsigned char)to;
	memcpy(packet + 4, to_server ? ack_tag : init_tag, 4);
	memcpy(packet + 12, chunk, len);
	uint32_t sum = crc32c(packet, 12 + len);
	for (int each = 0; each < 4; each++)
		packet[8 + each] = (unsigned char)(sum >> 8 * each);
	int fd = OK(socket(AF_INET, SOCK_DGRAM, 0));
	struct sockaddr_in address = v4(1, 9899);
	EQ(12 + len, sendto(fd, packet, 12 + len, 0, SA(address)));
	close(fd);
}
