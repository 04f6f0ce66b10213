/* perform.h: one call of a sequence: carried out, and its result written down. */
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#define ROOM (1 << 20)
static unsigned char octets[ROOM];
/* How much longer than usual everything waits. */
static int patience = 1;

/* The words of a line: the call first; those with `=` in them are found by name. */
static char *words[32];
static int word_count;

static const char *word(int n)
{
	return n < word_count ? words[n] : "";
}

static const char *named(const char *name)
{
	size_t length = strlen(name);

	for (int i = 1; i < word_count; i++)
		if (!strncmp(words[i], name, length) && words[i][length] == '=')
			return words[i] + length + 1;
	return NULL;
}

static struct {
	char name[16];
	int fd;
} sockets[64];
static int socket_count;

static int socket_named(const char *name)
{
	for (int i = socket_count; i-- > 0;)
		if (!strcmp(sockets[i].name, name))
			return sockets[i].fd;
	return -1;
}

static void name_socket(const char *name, int fd)
{
	if (fd >= 0 && socket_count < 64) {
		snprintf(sockets[socket_count].name, sizeof sockets->name, "%s", name);
		sockets[socket_count++].fd = fd;
	}
}

static void nap(long milliseconds)
{
	struct timespec left = { milliseconds / 1000, milliseconds % 1000 * 1000000 };

	while (nanosleep(&left, &left) && errno == EINTR)
		;
}

/* Ends a call that waits: repeated, for one that had not begun to wait when it came. */
static void start_watch(void)
{
	struct timeval after = { patience * 400 / 1000, patience * 400 % 1000 * 1000 };
	struct itimerval timer = { after, after };

	setitimer(ITIMER_REAL, &timer, NULL);
}

static int stop_watch(int result)
{
	struct itimerval none = { { 0, 0 }, { 0, 0 } };
	int error = errno;

	setitimer(ITIMER_REAL, &none, NULL);
	errno = error;
	return result;
}

static void say_result(long result)
{
	if (result >= 0)
		say("%ld", result);
	else if (errno == EINTR)
		say("waits");
	else
		say("%s", strerrorname_np(errno));
}

static void do_socket(void)
{
	int type = strcmp(word(2), "1to1") ? SOCK_SEQPACKET : SOCK_STREAM;
	int family = strcmp(word(3), "6") ? AF_INET : AF_INET6;
	int fd = socket(family, type | (named("nb") ? SOCK_NONBLOCK : 0), IPPROTO_SCTP);

	name_socket(word(1), fd);
	say_result(fd < 0 ? -1 : 0);
}

static void do_bind(int fd)
{
	struct sockaddr_storage address;
	socklen_t size = address_of(word(2), &address);

	if (named("len"))
		size = (socklen_t)atoi(named("len"));
	say_result(bind(fd, (void *)&address, size));
}

static void do_connect(int fd)
{
	struct sockaddr_storage address;
	socklen_t size = address_of(word(2), &address);

	if (named("len"))
		size = (socklen_t)atoi(named("len"));
	say_result(stop_watch(connect(fd, (void *)&address, size)));
}

static void do_accept(void)
{
	struct sockaddr_storage address;
	socklen_t size = sizeof address;
	int fd = stop_watch(accept(socket_named(word(2)), (void *)&address, &size));

	name_socket(word(1), fd);
	say_result(fd < 0 ? -1 : 0);
	if (fd >= 0) {
		say(" from=");
		say_address(&address);
	}
}

static void do_name(int fd, int (*call)(int, struct sockaddr *, socklen_t *))
{
	struct sockaddr_storage address;
	socklen_t size = named("len") ? (socklen_t)atoi(named("len")) : sizeof address;
	int result;

	memset(&address, 0, sizeof address);
	result = call(fd, (void *)&address, &size);
	say_result(result);
	if (!result) {
		say(" ");
		say_address(&address);
		say(" len=%u", size);
	}
}

/* `snd:sid=1,ppid=7` and its like become control messages. */
static size_t put_ancillary(unsigned char *control, size_t room)
{
	size_t used = 0;

	for (int i = 2; i < word_count; i++) {
		char copy[512], *state = NULL, *item, *colon = strchr(words[i], ':');
		struct cmsghdr *head = (void *)(control + used);
		const struct layout *layout;

		if (!colon || strchr(words[i], '=') < colon)
			continue;
		snprintf(copy, sizeof copy, "%.*s", (int)(colon - words[i]), words[i]);
		layout = layout_named(ANCILLARY, copy);
		if (!layout || used + CMSG_SPACE((size_t)layout->size) > room)
			continue;
		memset(head, 0, CMSG_SPACE((size_t)layout->size));
		head->cmsg_level = layout->level;
		head->cmsg_type = layout->number;
		head->cmsg_len = CMSG_LEN((size_t)layout->size);
		snprintf(copy, sizeof copy, "%s", colon + 1);
		for (item = strtok_r(copy, ",", &state); item; item = strtok_r(NULL, ",", &state)) {
			char *value = strchr(item, '=');

			if (value) {
				*value++ = 0;
				put_named(layout, CMSG_DATA(head), item, value);
			}
		}
		used += CMSG_SPACE((size_t)layout->size);
	}
	return used;
}

static void do_send(int fd)
{
	struct sockaddr_storage address;
	union {
		struct cmsghdr align;
		unsigned char octets[1024];
	} control;
	struct iovec vector = { octets, octets_of(word(2), octets, ROOM) };
	struct msghdr message = { 0 };

	message.msg_iov = &vector;
	message.msg_iovlen = 1;
	if (named("to")) {
		message.msg_name = &address;
		message.msg_namelen = address_of(named("to"), &address);
		if (named("len"))
			message.msg_namelen = (socklen_t)atoi(named("len"));
	}
	message.msg_controllen = put_ancillary(control.octets, sizeof control.octets);
	if (message.msg_controllen)
		message.msg_control = control.octets;
	say_result(stop_watch((int)sendmsg(fd, &message, MSG_NOSIGNAL | (int)number_of(MESSAGE_FLAGS, named("flags")))));
}

static void say_notification(const unsigned char *from, ssize_t length)
{
	uint16_t type, flags;
	uint32_t claimed;
	const struct layout *layout;

	if (length < 8) {
		say(" part=%zd", length);
		return;
	}
	memcpy(&type, from, 2);
	memcpy(&flags, from + 2, 2);
	memcpy(&claimed, from + 4, 4);
	layout = layout_numbered(NOTIFICATIONS, type);
	if (!layout) {
		/* A later part of one: an id may stand anywhere. */
		say(" part=%zd", length);
		return;
	}
	say(" %s nflags=%#x length=%u", layout->name, flags, claimed);
	say_layout(layout, from + 8, (int)length - 8);
}

static void say_ancillary(struct msghdr *message)
{
	for (struct cmsghdr *head = CMSG_FIRSTHDR(message); head; head = CMSG_NXTHDR(message, head)) {
		const struct layout *layout = layout_numbered(ANCILLARY, head->cmsg_type);

		if (head->cmsg_level != SCTP || !layout) {
			say(" {%d %d}", head->cmsg_level, head->cmsg_type);
			continue;
		}
		say(" {%s", layout->name);
		say_layout(layout, CMSG_DATA(head), (int)(head->cmsg_len - CMSG_LEN(0)));
		say("}");
	}
}

static void do_recv(int fd)
{
	struct sockaddr_storage address;
	union {
		struct cmsghdr align;
		unsigned char octets[1024];
	} control;
	struct iovec vector = { octets, word_count > 2 && isdigit((unsigned char)*word(2)) ? (size_t)atoi(word(2)) : 65536 };
	struct msghdr message = { 0 };
	ssize_t result;

	memset(&address, 0, sizeof address);
	message.msg_iov = &vector;
	message.msg_iovlen = 1;
	message.msg_name = &address;
	message.msg_namelen = sizeof address;
	message.msg_control = control.octets;
	message.msg_controllen = named("control") ? (size_t)atoi(named("control")) : sizeof control.octets;
	result = stop_watch((int)recvmsg(fd, &message, (int)number_of(MESSAGE_FLAGS, named("flags"))));
	say_result(result);
	if (result < 0)
		return;
	say(" ");
	say_names(MESSAGE_FLAGS, (uint64_t)(unsigned)message.msg_flags);
	if (message.msg_namelen) {
		say(" from=");
		say_address(&address);
	}
	if (message.msg_flags & 0x8000) {
		say_notification(octets, result);
	} else if (result) {
		say(" ");
		say_octets(octets, result);
	}
	say_ancillary(&message);
}

static const struct layout *option_of(const char *name, struct layout *raw)
{
	const struct layout *layout = layout_named(OPTIONS, name);
	char *end;

	if (layout)
		return layout;
	raw->level = (int)strtol(name, &end, 0);
	raw->number = *end ? (int)strtol(end + 1, NULL, 0) : 0;
	raw->size = 4;
	raw->fields = "v:i";
	return raw;
}

#define OPTION_ROOM 1024

/* Fills the structure of an option from the words; the size to pass. */
static socklen_t put_option(const struct layout *layout, unsigned char *value)
{
	int size = layout->size;

	for (int i = 3; i < word_count; i++) {
		char *equals = strchr(words[i], '=');
		int end;

		if (!equals || !strncmp(words[i], "len=", 4))
			continue;
		*equals = 0;
		end = put_named(layout, value, words[i], equals + 1);
		*equals = '=';
		size = end > size ? end : size;
	}
	if (named("len")) {
		/* What stands behind a structure means nothing, and is not zero. */
		memset(value + size, 0xa5, (size_t)(OPTION_ROOM - size));
		size = atoi(named("len"));
	}
	return (socklen_t)size;
}

/* The addresses packed behind id and count, in the order of their texts. */
static void say_packed(const unsigned char *from, uint32_t count)
{
	char texts[32][80];
	uint32_t i, j;

	for (i = 0; i < count && i < 32; i++) {
		size_t start = line_length;
		sa_family_t family;

		memcpy(&family, from, sizeof family);
		say_address(from);
		from += family == AF_INET6 ? sizeof(struct sockaddr_in6) : sizeof(struct sockaddr_in);
		for (j = i; j > 0 && strcmp(texts[j - 1], line + start) > 0; j--)
			strcpy(texts[j], texts[j - 1]);
		snprintf(texts[j], sizeof *texts, "%s", line + start);
		line_length = start;
		line[start] = 0;
	}
	for (j = 0; j < i; j++)
		say(" %s", texts[j]);
}

static void do_get(int fd)
{
	struct layout raw;
	const struct layout *layout = option_of(word(2), &raw);
	unsigned char value[OPTION_ROOM];
	socklen_t asked, size;
	uint32_t count;
	int result;

	memset(value, 0, sizeof value);
	size = asked = put_option(layout, value);
	result = getsockopt(fd, layout->level, layout->number, value, &size);
	say_result(result);
	if (result < 0)
		return;
	if (size != asked)
		say(" len=%u", size);
	if (layout->number == 108 || layout->number == 109) {
		memcpy(&count, value + 4, 4);
		say(" count=%u", count);
		say_packed(value + 8, count);
	} else {
		say_layout(layout, value, (int)(size < asked ? size : asked));
	}
}

static void do_set(int fd)
{
	struct layout raw;
	const struct layout *layout = option_of(word(2), &raw);
	unsigned char value[OPTION_ROOM];
	socklen_t size;

	memset(value, 0, sizeof value);
	size = put_option(layout, value);
	say_result(setsockopt(fd, layout->level, layout->number, value, size));
}

static void do_peeloff(void)
{
	unsigned char value[8] = { 0 };
	socklen_t size = sizeof value;
	int32_t id = id_of(word(3)), fd;
	int result;

	memcpy(value, &id, 4);
	result = getsockopt(socket_named(word(2)), SCTP, 102, value, &size);
	memcpy(&fd, value + 4, 4);
	if (result >= 0)
		name_socket(word(1), fd);
	say_result(result < 0 ? -1 : 0);
}

/* The addresses from word `n` on, packed. */
static size_t put_addresses(int n, unsigned char *to)
{
	struct sockaddr_storage address;
	size_t used = 0;

	for (; n < word_count; n++) {
		socklen_t size = address_of(word(n), &address);

		memcpy(to + used, &address, size);
		used += size;
	}
	return used;
}

static void do_bindx(int fd)
{
	unsigned char value[512];
	size_t size = put_addresses(3, value);

	say_result(setsockopt(fd, SCTP, strcmp(word(2), "add") ? 101 : 100, value, (socklen_t)size));
}

static void do_connectx(int fd)
{
	unsigned char value[512];
	struct {
		int32_t id;
		int length;
		void *addresses;
	} old = { 0, 0, value };
	socklen_t size = sizeof old;
	int result;

	old.length = (int)put_addresses(2, value);
	result = stop_watch(getsockopt(fd, SCTP, 111, &old, &size));
	say_result(result);
	if (result >= 0 || errno == EINPROGRESS) {
		say(" id=");
		say_id(old.id);
	}
}

static void do_shutdown(int fd)
{
	const char *how = word(2);

	say_result(shutdown(fd, !strcmp(how, "rd") ? SHUT_RD : !strcmp(how, "wr") ? SHUT_WR
						      : !strcmp(how, "rdwr") ? SHUT_RDWR : atoi(how)));
}

static void do_close(const char *name)
{
	int fd = socket_named(name);

	say_result(stop_watch(close(fd)));
	for (int i = 0; i < socket_count; i++)
		if (sockets[i].fd == fd)
			sockets[i].fd = -1;
}

/* The mask now; with `until=MASK`, once it holds all of MASK, at most five seconds. */
static void do_poll(int fd)
{
	struct pollfd set = { fd, POLLIN | POLLPRI | POLLOUT | POLLRDHUP, 0 };
	int wanted = (int)number_of(POLL_MASKS, named("until"));
	int gone = named("gone") != NULL, tries = 500 * patience;

	if (gone)
		wanted = (int)number_of(POLL_MASKS, named("gone"));
	while (poll(&set, 1, 0) >= 0 && wanted && tries-- > 0 &&
	       (gone ? set.revents & wanted : (set.revents & wanted) != wanted))
		nap(10);
	say_names(POLL_MASKS, (uint16_t)set.revents);
}

static void do_epoll(void)
{
	struct epoll_event event = { 0 }, events[16];
	int ep = socket_named(word(1)), count;

	if (!strcmp(word(2), "new")) {
		name_socket(word(1), epoll_create1(0));
		say("0");
		return;
	}
	if (!strcmp(word(2), "wait")) {
		count = epoll_wait(ep, events, 16, 0);
		say("%d", count);
		for (int i = 0; i < count; i++) {
			say(" %s:", sockets[events[i].data.u32].name);
			say_names(POLL_MASKS, events[i].events);
		}
		return;
	}
	event.events = (uint32_t)number_of(POLL_MASKS, word(4));
	for (int i = 0; i < socket_count; i++)
		if (!strcmp(sockets[i].name, word(3)))
			event.data.u32 = (uint32_t)i;
	say_result(epoll_ctl(ep, !strcmp(word(2), "add") ? EPOLL_CTL_ADD : EPOLL_CTL_MOD, socket_named(word(3)), &event));
}

static void do_general(int fd)
{
	int value = 0;

	if (!strcmp(*words, "listen")) {
		say_result(listen(fd, word_count > 2 ? atoi(word(2)) : 5));
	} else if (!strcmp(*words, "nb")) {
		value = fcntl(fd, F_GETFL);
		say_result(fcntl(fd, F_SETFL, *word(2) == '0' ? value & ~O_NONBLOCK : value | O_NONBLOCK));
	} else if (!strcmp(*words, "fionread")) {
		int result = ioctl(fd, FIONREAD, &value);

		say_result(result);
		if (!result)
			say(" %d", value);
	} else if (!strcmp(*words, "write")) {
		size_t length = octets_of(word(2), octets, ROOM);

		say_result(stop_watch((int)write(fd, octets, length)));
	} else if (!strcmp(*words, "read")) {
		ssize_t result = stop_watch((int)read(fd, octets, (size_t)atoi(word(2))));

		say_result(result);
		if (result > 0) {
			say(" ");
			say_octets(octets, result);
		}
	} else {
		say("no such call");
	}
}

/* Carries out the call in `words`; what it gave is in `line`. */
static void perform(void)
{
	const char *call = *words;
	int fd = socket_named(word(1));

	/* Time for what the calls before have set going. */
	if (!strcmp(call, "settle")) {
		nap((word_count > 1 ? atoi(word(1)) : 30) * patience);
		say("done");
		return;
	}
	start_watch();
	if (!strcmp(call, "socket"))
		do_socket();
	else if (!strcmp(call, "bind"))
		do_bind(fd);
	else if (!strcmp(call, "connect"))
		do_connect(fd);
	else if (!strcmp(call, "accept"))
		do_accept();
	else if (!strcmp(call, "getsockname"))
		do_name(fd, getsockname);
	else if (!strcmp(call, "getpeername"))
		do_name(fd, getpeername);
	else if (!strcmp(call, "send"))
		do_send(fd);
	else if (!strcmp(call, "recv"))
		do_recv(fd);
	else if (!strcmp(call, "get"))
		do_get(fd);
	else if (!strcmp(call, "set"))
		do_set(fd);
	else if (!strcmp(call, "peeloff"))
		do_peeloff();
	else if (!strcmp(call, "bindx"))
		do_bindx(fd);
	else if (!strcmp(call, "connectx"))
		do_connectx(fd);
	else if (!strcmp(call, "shutdown"))
		do_shutdown(fd);
	else if (!strcmp(call, "close"))
		do_close(word(1));
	else if (!strcmp(call, "poll"))
		do_poll(fd);
	else if (!strcmp(call, "epoll"))
		do_epoll();
	else
		do_general(fd);
	stop_watch(0);
	/* Packets of this call arrive before the next one is made. */
	nap(8 * patience);
}
