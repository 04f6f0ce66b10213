/* What a case's stack has sent, from its pcapng recording. */
#include "conform.h"

static char place[64];
static unsigned char *octets;
static struct chunk *chunks;
static int number;

void wire_start(void)
{
	if (is_kernel())
		case_skipped("looks at packets");
	snprintf(place, sizeof(place), "/tmp/usctp-conform-%d.pcapng", (int)getpid());
	setenv("USCTP_PCAP", place, 1);
}

static uint16_t two(const unsigned char *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static uint32_t four(const unsigned char *at)
{
	return (uint32_t)two(at) << 16 | two(at + 2);
}

static void take_packet(const unsigned char *packet, size_t len, int which)
{
	struct chunk ip = { .packet = which };
	int first = number;
	size_t header;
	int protocol;

	if (packet[0] >> 4 == 4) {
		header = (size_t)(packet[0] & 15) * 4;
		protocol = packet[9];
		ip.source = four(packet + 12);
		ip.destination = four(packet + 16);
	} else {
		header = 40;
		protocol = packet[6];
	}
	if (len < header + 20)
		return;
	if (protocol == IPPROTO_UDP) {
		ip.udp_destination = two(packet + header + 2);
		header += 8;
	}
	ip.tag = four(packet + header + 4);
	ip.source_port = two(packet + header);
	ip.destination_port = two(packet + header + 2);
	for (size_t here = header + 12; here + 4 <= len;) {
		struct chunk chunk = ip;

		chunk.type = packet[here];
		chunk.flags = packet[here + 1];
		chunk.len = two(packet + here + 2);
		chunk.value = packet + here + 4;
		chunk.position = number - first;
		if (chunk.len < 4 || here + chunk.len > len)
			break;
		chunks = realloc(chunks, sizeof(*chunks) * (size_t)(number + 1));
		chunks[number++] = chunk;
		here += (chunk.len + 3u) & ~3u;
	}
	for (int each = first; each < number; each++)
		chunks[each].inside = number - first;
}

/* pcapng: blocks of type 6 are packets; option 2 (epb_flags) tells the direction, 2 is outbound. */
static int is_outbound(const unsigned char *block, uint32_t len, uint32_t captured)
{
	uint32_t at = 28 + ((captured + 3) & ~3u);

	while (at + 4 <= len - 4) {
		uint16_t code, size;
		uint32_t flags;

		memcpy(&code, block + at, 2);
		memcpy(&size, block + at + 2, 2);
		if (code == 0)
			break;
		if (code == 2) {
			memcpy(&flags, block + at + 4, 4);
			return (flags & 3) == 2;
		}
		at += 4 + ((size + 3u) & ~3u);
	}
	return 0;
}

static void read_all(void)
{
	FILE *in = fopen(place, "rb");
	size_t len;

	free(octets);
	octets = NULL;
	number = 0;
	if (in == NULL)
		return;
	fseek(in, 0, SEEK_END);
	len = (size_t)ftell(in);
	rewind(in);
	octets = malloc(len + 1);
	len = fread(octets, 1, len, in);
	fclose(in);
	int packet = 0;
	for (size_t here = 0; here + 12 <= len;) {
		uint32_t type, size, captured;

		memcpy(&type, octets + here, 4);
		memcpy(&size, octets + here + 4, 4);
		if (size < 12 || here + size > len)
			break;
		memcpy(&captured, octets + here + 20, 4);
		if (type == 6 && is_outbound(octets + here, size, captured))
			take_packet(octets + here + 28, captured, packet++);
		here += size;
	}
}

int wire_count(int type)
{
	int count = 0;

	read_all();
	for (int each = 0; each < number; each++)
		count += chunks[each].type == type;
	return count;
}

const struct chunk *wire_chunk(int type, int n)
{
	read_all();
	for (int each = 0; each < number; each++)
		if (chunks[each].type == type && n-- == 0)
			return &chunks[each];
	return NULL;
}

const struct chunk *wire_wait(int type, int n)
{
	for (int left = 500; left > 0; left--) {
		const struct chunk *found = wire_chunk(type, n);

		if (found != NULL)
			return found;
		usleep(10000);
	}
	case_failed("chunk %d of type %d was not seen", n, type);
}

int parameters(const struct chunk *init, int type)
{
	int count = 0;

	for (size_t here = 16; here + 4 <= (size_t)init->len - 4;) {
		uint16_t len = two(init->value + here + 2);

		count += two(init->value + here) == type;
		if (len < 4)
			break;
		here += (len + 3u) & ~3u;
	}
	return count;
}

/* CRC32c, reflected, bit by bit: a case sends few octets. */
static uint32_t crc32c(const unsigned char *at, size_t len)
{
	uint32_t sum = 0xffffffff;

	while (len-- > 0) {
		sum ^= *at++;
		for (int bit = 0; bit < 8; bit++)
			sum = sum >> 1 ^ (sum & 1 ? 0x82f63b78 : 0);
	}
	return ~sum;
}

void wire_inject(const struct chunk *like, const void *chunk, size_t len)
{
	unsigned char packet[1500] = { 0 };
	int udp = like->udp_destination != 0;
	int fd = OK(socket(AF_INET, udp ? SOCK_DGRAM : SOCK_RAW, udp ? 0 : IPPROTO_SCTP));
	struct sockaddr_in from = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(like->source) };
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(like->destination),
				  .sin_port = htons(like->udp_destination) };
	uint32_t tag = htonl(like->tag);

	if (len > sizeof(packet) - 12)
		case_failed("a chunk too long to inject");
	memcpy(packet, &(uint16_t){ htons(like->source_port) }, 2);
	memcpy(packet + 2, &(uint16_t){ htons(like->destination_port) }, 2);
	memcpy(packet + 4, &tag, 4);
	memcpy(packet + 12, chunk, len);
	/* The sum stands in the packet with its lowest octet first. */
	memcpy(packet + 8, &(uint32_t){ crc32c(packet, 12 + len) }, 4);
	OK(bind(fd, SA(from)));
	EQ(12 + len, sendto(fd, packet, 12 + len, 0, SA(to)));
	close(fd);
}
