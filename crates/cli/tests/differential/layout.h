/* layout.h: the structures of linux/sctp.h as texts, so that one function fills and one prints them all.
 *
 * A field is NAME:TYPE. Types: 1 2 4 8 unsigned octets, i signed, a association id, f flags of a message, S an address
 * in 128 octets, n a number in network order; `_N` are N octets of padding, `~` before a type keeps a value that differs
 * from run to run, or is the sender's own choice, out of the trace; `*` after one takes all the octets that are left, `h1*` as length and hash. */

struct layout {
	const char *name;
	int level, number, size;
	const char *fields;
};

#define SCTP 132
static const struct layout OPTIONS[] = {
	{ "RTOINFO", SCTP, 0, 16, "id:a initial:4 max:4 min:4" },
	{ "ASSOCINFO", SCTP, 1, 20, "id:a maxrxt:2 destinations:2 peer_rwnd:~4 local_rwnd:~4 cookie_life:4" },
	{ "INITMSG", SCTP, 2, 8, "ostreams:2 instreams:2 attempts:2 timeo:2" },
	{ "NODELAY", SCTP, 3, 4, "v:i" },
	{ "AUTOCLOSE", SCTP, 4, 4, "v:i" },
	{ "SET_PEER_PRIMARY_ADDR", SCTP, 5, 132, "id:a addr:S" },
	{ "PRIMARY_ADDR", SCTP, 6, 132, "id:a addr:S" },
	{ "ADAPTATION_LAYER", SCTP, 7, 4, "v:4" },
	{ "DISABLE_FRAGMENTS", SCTP, 8, 4, "v:i" },
	{ "PEER_ADDR_PARAMS", SCTP, 9, 156, "id:a addr:S hb:4 maxrxt:2 mtu:4 sackdelay:4 flags:4 label:4 dscp:1 _1" },
	{ "DEFAULT_SEND_PARAM", SCTP, 10, 32, "sid:2 ssn:2 flags:f2 _2 ppid:n4 ctx:4 ttl:4 tsn:4 cumtsn:4 id:a" },
	{ "EVENTS", SCTP, 11, 14,
	  "io:1 assoc:1 addr:1 failure:1 error:1 shutdown:1 partial:1 adaptation:1 auth:1 dry:1 reset:1 areset:1 change:1 "
	  "failevent:1" },
	{ "I_WANT_MAPPED_V4_ADDR", SCTP, 12, 4, "v:i" },
	{ "MAXSEG", SCTP, 13, 8, "id:a v:4" },
	{ "STATUS", SCTP, 14, 176,
	  "id:a state:i rwnd:4 unacked:2 pending:2 instreams:2 ostreams:2 fragment:4 pid:a paddr:S pstate:i pcwnd:~4 psrtt:~4 "
	  "prto:~4 pmtu:4" },
	{ "GET_PEER_ADDR_INFO", SCTP, 15, 152, "id:a addr:S state:i cwnd:~4 srtt:~4 rto:~4 mtu:4" },
	{ "DELAYED_SACK", SCTP, 16, 12, "id:a delay:4 freq:4" },
	{ "CONTEXT", SCTP, 17, 8, "id:a v:4" },
	{ "FRAGMENT_INTERLEAVE", SCTP, 18, 4, "v:i" },
	{ "PARTIAL_DELIVERY_POINT", SCTP, 19, 4, "v:4" },
	{ "MAX_BURST", SCTP, 20, 8, "id:a v:4" },
	{ "AUTH_CHUNK", SCTP, 21, 1, "v:1" },
	{ "HMAC_IDENT", SCTP, 22, 6, "count:4 ident:2*" },
	{ "AUTH_KEY", SCTP, 23, 8, "id:a keynr:2 length:2 key:1*" },
	{ "AUTH_ACTIVE_KEY", SCTP, 24, 8, "id:a keynr:2 _2" },
	{ "AUTH_DELETE_KEY", SCTP, 25, 8, "id:a keynr:2 _2" },
	{ "PEER_AUTH_CHUNKS", SCTP, 26, 64, "id:a count:4 chunk:1*" },
	{ "LOCAL_AUTH_CHUNKS", SCTP, 27, 64, "id:a count:4 chunk:1*" },
	{ "GET_ASSOC_NUMBER", SCTP, 28, 4, "v:4" },
	{ "GET_ASSOC_ID_LIST", SCTP, 29, 64, "count:4 ids:a*" },
	{ "AUTO_ASCONF", SCTP, 30, 4, "v:i" },
	{ "PEER_ADDR_THLDS", SCTP, 31, 144, "id:a _4 addr:S maxrxt:2 pf:2 _4" },
	{ "RECVRCVINFO", SCTP, 32, 4, "v:i" },
	{ "RECVNXTINFO", SCTP, 33, 4, "v:i" },
	{ "DEFAULT_SNDINFO", SCTP, 34, 16, "sid:2 flags:f2 ppid:n4 ctx:4 id:a" },
	{ "AUTH_DEACTIVATE_KEY", SCTP, 35, 8, "id:a keynr:2 _2" },
	{ "REUSE_PORT", SCTP, 36, 4, "v:i" },
	{ "PEER_ADDR_THLDS_V2", SCTP, 37, 144, "id:a _4 addr:S maxrxt:2 pf:2 cp:2 _2" },
	{ "PEELOFF", SCTP, 102, 8, "id:a sd:~i" },
	{ "GET_PEER_ADDRS", SCTP, 108, 512, "id:a count:4" },
	{ "GET_LOCAL_ADDRS", SCTP, 109, 512, "id:a count:4" },
	{ "GET_ASSOC_STATS", SCTP, 112, 256,
	  "id:a _4 addr:S maxrto:~8 isacks:~8 osacks:~8 opackets:~8 ipackets:~8 rtx:8 outofseq:8 dup:8 gap:8 ouod:8 iuod:8 "
	  "ood:8 iod:8 octrl:~8 ictrl:~8" },
	{ "PR_SUPPORTED", SCTP, 113, 8, "id:a v:4" },
	{ "DEFAULT_PRINFO", SCTP, 114, 12, "id:a value:4 policy:2 _2" },
	{ "PR_ASSOC_STATUS", SCTP, 115, 24, "id:a sid:2 policy:2 unsent:8 sent:8" },
	{ "PR_STREAM_STATUS", SCTP, 116, 24, "id:a sid:2 policy:2 unsent:8 sent:8" },
	{ "RECONFIG_SUPPORTED", SCTP, 117, 8, "id:a v:4" },
	{ "ENABLE_STREAM_RESET", SCTP, 118, 8, "id:a v:4" },
	{ "RESET_STREAMS", SCTP, 119, 8, "id:a flags:2 count:2 sids:2*" },
	{ "RESET_ASSOC", SCTP, 120, 4, "id:a" },
	{ "ADD_STREAMS", SCTP, 121, 8, "id:a in:2 out:2" },
	{ "STREAM_SCHEDULER", SCTP, 123, 8, "id:a v:4" },
	{ "STREAM_SCHEDULER_VALUE", SCTP, 124, 8, "id:a sid:2 value:2" },
	{ "INTERLEAVING_SUPPORTED", SCTP, 125, 8, "id:a v:4" },
	{ "EVENT", SCTP, 127, 8, "id:a type:2 on:1 _1" },
	{ "ASCONF_SUPPORTED", SCTP, 128, 8, "id:a v:4" },
	{ "AUTH_SUPPORTED", SCTP, 129, 8, "id:a v:4" },
	{ "ECN_SUPPORTED", SCTP, 130, 8, "id:a v:4" },
	{ "EXPOSE_PF_STATE", SCTP, 131, 8, "id:a v:4" },
	{ "REMOTE_UDP_ENCAPS_PORT", SCTP, 132, 144, "id:a _4 addr:S port:n2 _6" },
	{ "PLPMTUD_PROBE_INTERVAL", SCTP, 133, 144, "id:a _4 addr:S interval:4 _4" },
	{ "SO_RCVBUF", SOL_SOCKET, SO_RCVBUF, 4, "v:i" },
	{ "SO_SNDBUF", SOL_SOCKET, SO_SNDBUF, 4, "v:i" },
	{ "SO_REUSEADDR", SOL_SOCKET, SO_REUSEADDR, 4, "v:i" },
	{ "SO_REUSEPORT", SOL_SOCKET, SO_REUSEPORT, 4, "v:i" },
	{ "SO_KEEPALIVE", SOL_SOCKET, SO_KEEPALIVE, 4, "v:i" },
	{ "SO_BROADCAST", SOL_SOCKET, SO_BROADCAST, 4, "v:i" },
	{ "SO_OOBINLINE", SOL_SOCKET, SO_OOBINLINE, 4, "v:i" },
	{ "SO_DONTROUTE", SOL_SOCKET, SO_DONTROUTE, 4, "v:i" },
	{ "SO_ERROR", SOL_SOCKET, SO_ERROR, 4, "v:i" },
	{ "SO_TYPE", SOL_SOCKET, SO_TYPE, 4, "v:i" },
	{ "SO_PROTOCOL", SOL_SOCKET, SO_PROTOCOL, 4, "v:i" },
	{ "SO_DOMAIN", SOL_SOCKET, SO_DOMAIN, 4, "v:i" },
	{ "SO_ACCEPTCONN", SOL_SOCKET, SO_ACCEPTCONN, 4, "v:i" },
	{ "SO_LINGER", SOL_SOCKET, SO_LINGER, 8, "on:i time:i" },
	{ "SO_RCVLOWAT", SOL_SOCKET, SO_RCVLOWAT, 4, "v:i" },
	{ "SO_SNDLOWAT", SOL_SOCKET, SO_SNDLOWAT, 4, "v:i" },
	{ "SO_RCVTIMEO", SOL_SOCKET, SO_RCVTIMEO, 16, "sec:8 usec:8" },
	{ "SO_SNDTIMEO", SOL_SOCKET, SO_SNDTIMEO, 16, "sec:8 usec:8" },
	{ "SO_PRIORITY", SOL_SOCKET, SO_PRIORITY, 4, "v:i" },
	{ "SO_TIMESTAMP", SOL_SOCKET, SO_TIMESTAMP, 4, "v:i" },
	{ "IPV6_V6ONLY", IPPROTO_IPV6, IPV6_V6ONLY, 4, "v:i" },
	{ "IPV6_UNICAST_HOPS", IPPROTO_IPV6, IPV6_UNICAST_HOPS, 4, "v:i" },
	{ "IP_TTL", IPPROTO_IP, IP_TTL, 4, "v:i" },
	{ "IP_TOS", IPPROTO_IP, IP_TOS, 4, "v:i" },
	{ "IP_MTU_DISCOVER", IPPROTO_IP, IP_MTU_DISCOVER, 4, "v:i" },
	{ 0, 0, 0, 0, 0 },
};

static const struct layout ANCILLARY[] = {
	{ "init", SCTP, 0, 8, "ostreams:2 instreams:2 attempts:2 timeo:2" },
	{ "sndrcv", SCTP, 1, 32, "sid:2 ssn:2 flags:f2 _2 ppid:n4 ctx:4 ttl:4 tsn:~4 cumtsn:~4 id:a" },
	{ "snd", SCTP, 2, 16, "sid:2 flags:f2 ppid:n4 ctx:4 id:a" },
	{ "rcv", SCTP, 3, 28, "sid:2 ssn:2 flags:f2 _2 ppid:n4 tsn:~4 cumtsn:~4 ctx:4 id:a" },
	{ "nxt", SCTP, 4, 16, "sid:2 flags:f2 ppid:n4 length:4 id:a" },
	{ "pr", SCTP, 5, 8, "policy:2 _2 value:4" },
	{ "auth", SCTP, 6, 2, "keynr:2" },
	{ "dst4", SCTP, 7, 4, "octet:1*" },
	{ "dst6", SCTP, 8, 16, "octet:1*" },
	{ 0, 0, 0, 0, 0 },
};

/* Behind the common head: type, flags, length. */
static const struct layout NOTIFICATIONS[] = {
	{ "ASSOC_CHANGE", 0, 0x8001, 0, "state:2 error:2 out:2 in:2 id:a info:h1*" },
	{ "PEER_ADDR_CHANGE", 0, 0x8002, 0, "addr:S state:i error:i id:a" },
	{ "SEND_FAILED", 0, 0x8003, 0,
	  "error:4 sid:2 ssn:2 sflags:f2 _2 ppid:n4 ctx:4 ttl:4 tsn:~4 cumtsn:~4 sid2:a id:a data:h1*" },
	{ "REMOTE_ERROR", 0, 0x8004, 0, "error:n2 _2 id:a data:h1*" },
	{ "SHUTDOWN_EVENT", 0, 0x8005, 0, "id:a" },
	{ "PARTIAL_DELIVERY", 0, 0x8006, 0, "indication:4 id:a stream:4 seq:4" },
	{ "ADAPTATION", 0, 0x8007, 0, "ind:4 id:a" },
	{ "AUTHENTICATION", 0, 0x8008, 0, "key:2 altkey:2 indication:4 id:a" },
	{ "SENDER_DRY", 0, 0x8009, 0, "id:a" },
	{ "STREAM_RESET", 0, 0x800a, 0, "id:a sids:2*" },
	{ "ASSOC_RESET", 0, 0x800b, 0, "id:a local:~4 remote:~4" },
	{ "STREAM_CHANGE", 0, 0x800c, 0, "id:a in:2 out:2" },
	{ "SEND_FAILED_EVENT", 0, 0x800d, 0, "error:4 sid:2 sflags:f2 ppid:n4 ctx:4 sid2:a id:a data:h1*" },
	{ 0, 0, 0, 0, 0 },
};

static const struct layout *layout_named(const struct layout *layouts, const char *name)
{
	while (layouts->name && strcmp(layouts->name, name))
		layouts++;
	return layouts->name ? layouts : NULL;
}

static const struct layout *layout_numbered(const struct layout *layouts, int number)
{
	while (layouts->name && layouts->number != number)
		layouts++;
	return layouts->name ? layouts : NULL;
}

struct field {
	char name[24];
	int skipped, type, size, rest;
};

/* Takes the next field from `text`; 0 at the end. */
static int next_field(const char **text, struct field *field)
{
	const char *at = *text;
	size_t length;

	while (*at == ' ')
		at++;
	if (!*at)
		return 0;
	memset(field, 0, sizeof *field);
	if (*at == '_') {
		field->type = '_';
		field->size = (int)strtol(at + 1, (char **)text, 10);
		return 1;
	}
	length = strcspn(at, ":");
	snprintf(field->name, sizeof field->name, "%.*s", (int)length, at);
	at += length + 1;
	field->skipped = *at == '~';
	at += field->skipped;
	field->type = *at;
	if (*at == 'f' || *at == 'n' || *at == 'h')
		at++;
	field->size = field->type == 'S' ? 128 : isdigit((unsigned char)*at) ? *at - '0' : 4;
	at++;
	field->rest = *at == '*';
	*text = at + field->rest;
	return 1;
}

static uint64_t read_number(const struct field *field, const unsigned char *from)
{
	uint64_t value = 0;

	memcpy(&value, from, (size_t)field->size);
	if (field->type == 'n')
		value = field->size == 2 ? ntohs((uint16_t)value) : ntohl((uint32_t)value);
	return value;
}

static void say_field(const struct field *field, const unsigned char *from)
{
	uint64_t value;

	if (field->type == 'S') {
		say_address(from);
		return;
	}
	value = read_number(field, from);
	if (field->type == 'a')
		say_id((int32_t)value);
	else if (field->type == 'i')
		say("%d", (int32_t)value);
	else if (field->type == 'f')
		say_names(INFO_FLAGS, value);
	else
		say("%llu", (unsigned long long)value);
}

/* Prints what is in `from`, as far as its `size` octets reach. */
static void say_layout(const struct layout *layout, const unsigned char *from, int size)
{
	const char *text = layout->fields;
	struct field field;
	int at = 0;

	while (next_field(&text, &field) && at + field.size <= size) {
		if (field.type == '_' || field.skipped) {
			at += field.size;
			continue;
		}
		say(" %s=", field.name);
		if (field.type == 'h') {
			say_octets(from + at, size - at);
			return;
		}
		for (int first = 1; at + field.size <= size; first = 0) {
			if (!first)
				say(",");
			say_field(&field, from + at);
			at += field.size;
			if (!field.rest)
				break;
		}
	}
	if (at < size && !text[0] && size - at < 64)
		say(" +%d", size - at);
}

static void put(unsigned char *to, const struct field *field, const char *value)
{
	uint64_t number;
	struct sockaddr_storage address;

	if (field->type == 'S') {
		address_of(value, &address);
		memcpy(to, &address, sizeof address);
		return;
	}
	if (field->type == 'a')
		number = (uint64_t)(int64_t)id_of(value);
	else if (field->type == 'f')
		number = (uint64_t)number_of(INFO_FLAGS, value);
	else
		number = (uint64_t)strtoll(value, NULL, 0);
	if (field->type == 'n')
		number = field->size == 2 ? htons((uint16_t)number) : htonl((uint32_t)number);
	memcpy(to, &number, (size_t)field->size);
}

/* Puts `value` where `name` is; a list `1,2,3` fills a field that takes the rest. The end of what was put, 0 for none. */
static int put_named(const struct layout *layout, unsigned char *to, const char *name, const char *value)
{
	const char *text = layout->fields;
	struct field field;
	int at = 0;

	while (next_field(&text, &field)) {
		if (field.type != '_' && !strcmp(field.name, name)) {
			char copy[512], *state = NULL, *item;

			snprintf(copy, sizeof copy, "%s", value);
			if (!field.rest) {
				put(to + at, &field, copy);
				return at + field.size;
			}
			for (item = strtok_r(copy, ",", &state); item; item = strtok_r(NULL, ",", &state)) {
				put(to + at, &field, item);
				at += field.size;
			}
			return at;
		}
		at += field.rest ? 0 : field.size;
	}
	return 0;
}
