/* names.h: numbers to names and back, and the names that hide what differs from run to run: association ids and
 * ephemeral ports are numbered in the order in which they are seen. */
#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

/* One line of the trace, collected here so that it goes out in one piece. */
static char line[1 << 16];
static size_t line_length;

#define say(...) \
	(line_length += (size_t)snprintf(line + line_length, sizeof line - line_length, __VA_ARGS__), \
	 line_length = line_length < sizeof line ? line_length : sizeof line - 1)

struct name {
	const char *name;
	int64_t value;
};

static const struct name MESSAGE_FLAGS[] = {
	{ "PEEK", MSG_PEEK }, { "TRUNC", MSG_TRUNC }, { "DONTWAIT", MSG_DONTWAIT }, { "WAITALL", MSG_WAITALL },
	{ "EOR", MSG_EOR }, { "CTRUNC", MSG_CTRUNC }, { "NOSIGNAL", MSG_NOSIGNAL }, { "OOB", MSG_OOB },
	{ "NOTIFICATION", 0x8000 }, { "MORE", MSG_MORE }, { "ERRQUEUE", MSG_ERRQUEUE }, { "EOF", 0x200 }, { 0, 0 },
};
static const struct name INFO_FLAGS[] = {
	{ "UNORDERED", 1 }, { "ADDR_OVER", 2 }, { "ABORT", 4 }, { "SACK_IMM", 8 }, { "SENDALL", 64 }, { "EOF", 0x200 },
	{ "TTL", 0x10 }, { "RTX", 0x20 }, { "PRIO", 0x30 }, { 0, 0 },
};
static const struct name POLL_MASKS[] = {
	{ "IN", 1 }, { "PRI", 2 }, { "OUT", 4 }, { "ERR", 8 }, { "HUP", 16 }, { "NVAL", 32 }, { "RDHUP", 0x2000 },
	{ "ET", 1u << 31 }, { "ONESHOT", 1 << 30 }, { 0, 0 },
};

/* `A|B|0x10` as a number. */
static int64_t number_of(const struct name *names, const char *text)
{
	int64_t value = 0;

	while (text && *text) {
		size_t length = strcspn(text, "|");
		const struct name *name = names;

		while (name && name->name && (strncmp(name->name, text, length) || name->name[length]))
			name++;
		value |= name && name->name ? name->value : strtoll(text, NULL, 0);
		text += length + (text[length] == '|');
	}
	return value;
}

static void say_names(const struct name *names, uint64_t value)
{
	const char *between = "";

	for (; names->name; names++)
		if (names->value && (value & (uint64_t)names->value) == (uint64_t)names->value) {
			say("%s%s", between, names->name);
			between = "|";
			value &= ~(uint64_t)names->value;
		}
	if (value || !*between)
		say("%s%#llx", between, (unsigned long long)value);
}

static int32_t ids[64];
static int id_count;

static void say_id(int32_t id)
{
	int i = 0;

	/* The kernel gives no association one of the ids with a meaning: 0, 1, 2. */
	if (id >= -1 && id <= 2) {
		say("%d", id);
		return;
	}
	while (i < id_count && ids[i] != id)
		i++;
	if (i == id_count && id_count < 63)
		ids[id_count++] = id;
	say("a%d", i + 1);
}

/* `a1` is the first association id seen; one that was not seen yet is no id at all. */
static int32_t id_of(const char *text)
{
	int i;

	if (*text != 'a')
		return (int32_t)strtol(text, NULL, 0);
	i = atoi(text + 1) - 1;
	return i >= 0 && i < id_count ? ids[i] : 99999;
}

static uint16_t ports[64];
static int port_count;

static void say_port(uint16_t port)
{
	int i = 0;

	if (port < 32768) {
		say("%u", port);
		return;
	}
	while (i < port_count && ports[i] != port)
		i++;
	if (i == port_count && port_count < 63)
		ports[port_count++] = port;
	say("e%d", i + 1);
}

static uint16_t port_of(const char *text)
{
	int i;

	if (*text != 'e')
		return (uint16_t)atoi(text);
	i = atoi(text + 1) - 1;
	return i >= 0 && i < port_count ? ports[i] : 9;
}

/* `1.2.3.4:5` or `[::1]:5`, or `none` or `family=N`; the size of the address, 0 for none. */
static socklen_t address_of(const char *text, struct sockaddr_storage *address)
{
	struct sockaddr_in *v4 = (void *)address;
	struct sockaddr_in6 *v6 = (void *)address;
	char host[64];
	const char *port = strrchr(text, ':');

	memset(address, 0, sizeof *address);
	if (!strncmp(text, "family=", 7)) {
		address->ss_family = (sa_family_t)atoi(text + 7);
		return sizeof *v4;
	}
	if (!port || (size_t)(port - text) >= sizeof host)
		return 0;
	snprintf(host, sizeof host, "%.*s", (int)(port - text), text);
	if (*host == '[') {
		host[strlen(host) - 1] = 0;
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(port_of(port + 1));
		inet_pton(AF_INET6, host + 1, &v6->sin6_addr);
		return sizeof *v6;
	}
	v4->sin_family = AF_INET;
	v4->sin_port = htons(port_of(port + 1));
	inet_pton(AF_INET, host, &v4->sin_addr);
	return sizeof *v4;
}

static void say_address(const void *address)
{
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	char text[64] = "?";

	memcpy(&v4, address, sizeof v4);
	if (v4.sin_family == AF_INET) {
		inet_ntop(AF_INET, &v4.sin_addr, text, sizeof text);
		say("%s:", text);
		say_port(ntohs(v4.sin_port));
	} else if (v4.sin_family == AF_INET6) {
		memcpy(&v6, address, sizeof v6);
		inet_ntop(AF_INET6, &v6.sin6_addr, text, sizeof text);
		say("[%s]:", text);
		say_port(ntohs(v6.sin6_port));
	} else if (v4.sin_family == 0) {
		say("none");
	} else {
		say("family=%u", v4.sin_family);
	}
}

/* Short text as it is, anything else as its length and a hash (FNV-1a). */
static void say_octets(const void *octets, ssize_t length)
{
	const unsigned char *at = octets;
	uint32_t hash = 2166136261u;
	int plain = length > 0 && length <= 24;

	for (ssize_t i = 0; i < length; i++) {
		hash = (hash ^ at[i]) * 16777619u;
		plain = plain && (isalnum(at[i]) || at[i] == '-');
	}
	if (plain)
		say("\"%.*s\"", (int)length, (const char *)octets);
	else
		say("%zd:%08x", length, hash);
}

/* `"text"`, or as many octets as the number says, the same ones each time. */
static size_t octets_of(const char *text, unsigned char *to, size_t room)
{
	size_t length;

	if (*text == '"') {
		length = strcspn(text + 1, "\"");
		memcpy(to, text + 1, length);
		return length;
	}
	length = (size_t)strtoul(text, NULL, 0);
	length = length < room ? length : room;
	for (size_t i = 0; i < length; i++)
		to[i] = (unsigned char)(i * 7 + i / 251 + length);
	return length;
}
