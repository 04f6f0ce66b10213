/* Sockets of the cases. */
#include "conform.h"

struct sockaddr_in v4(int host, uint16_t port)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_port = htons(port) };

	address.sin_addr.s_addr = htonl(host == 0 ? INADDR_ANY : 0x7f000000u + (unsigned)host);
	return address;
}

struct sockaddr_in6 v6(int host, uint16_t port)
{
	struct sockaddr_in6 address = { .sin6_family = AF_INET6, .sin6_port = htons(port) };

	if (host != 0) {
		address.sin6_addr.s6_addr[0] = 0xfd;
		address.sin6_addr.s6_addr[1] = 0x0c;
		address.sin6_addr.s6_addr[15] = (uint8_t)host;
	}
	return address;
}

int tcp_style(void)
{
	return OK(socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP));
}

int many_style(void)
{
	return OK(socket(AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP));
}

int bound(int type, int which)
{
	struct sockaddr_in address = v4(1, port(which));
	int fd = OK(socket(AF_INET, type, IPPROTO_SCTP));

	OK(bind(fd, SA(address)));
	return fd;
}

int listening(int type, int which)
{
	int fd = bound(type, which);

	OK(listen(fd, 5));
	return fd;
}

int connect_to(int fd, int which)
{
	struct sockaddr_in address = v4(1, port(which));

	return connect(fd, SA(address));
}

void tcp_pair(int ends[2])
{
	/* The end that was accepted goes on holding the port. */
	static int which = 19;
	int listener = listening(SOCK_STREAM, which);

	ends[0] = tcp_style();
	OK(connect_to(ends[0], which--));
	ends[1] = OK(accept(listener, NULL, NULL));
	OK(close(listener));
}

/* The id of the association that has just come up. */
static sctp_assoc_t came_up(int fd)
{
	for (int left = 10; left > 0; left--) {
		struct message *got = receive_within(fd, 5000);
		const struct sctp_assoc_change *change = &got->event.sn_assoc_change;

		if ((got->flags & MSG_NOTIFICATION) && change->sac_type == SCTP_ASSOC_CHANGE && change->sac_state == SCTP_COMM_UP)
			return change->sac_assoc_id;
	}
	case_failed("no SCTP_COMM_UP came");
}

/* What follows COMM_UP of itself, if AUTH is off. */
static void pass_over(int fd)
{
	while (poll_within(fd, POLLIN, 100) & POLLIN) {
		struct message *got = receive_flags(fd, sizeof(got->data), MSG_DONTWAIT);

		EXPECT(got->len > 0 && (got->flags & MSG_NOTIFICATION));
	}
}

struct many many_pair(void)
{
	struct many m = { .server = listening(SOCK_SEQPACKET, 8) };

	subscribe(m.server);
	m.client = more_client(&m, &m.at_server, &m.at_client);
	return m;
}

int more_client(struct many *m, sctp_assoc_t *at_server, sctp_assoc_t *at_client)
{
	struct sockaddr_in near = v4(1, 0);
	int client = many_style();

	/* One address: nothing is told of others. */
	OK(bind(client, SA(near)));
	subscribe(client);
	OK(connect_to(client, 8));
	*at_client = came_up(client);
	*at_server = came_up(m->server);
	pass_over(client);
	pass_over(m->server);
	return client;
}

void subscribe(int fd)
{
	struct sctp_event_subscribe events;

	memset(&events, 1, sizeof(events));
	/* Told when the sender has nothing left: at any time, so of no use where order counts. */
	events.sctp_sender_dry_event = 0;
	OK(setsockopt(fd, IPPROTO_SCTP, SCTP_EVENTS, &events, sizeof(events)));
}

void subscribe_to(int fd, uint16_t type, int on)
{
	if (type == SCTP_DATA_IO_EVENT) {
		/* On a connected one-to-one socket SCTP_EVENT is about the association, and items are the socket's. */
		struct sctp_event_subscribe events;
		socklen_t len = sizeof(events);

		OK(getsockopt(fd, IPPROTO_SCTP, SCTP_EVENTS, &events, &len));
		events.sctp_data_io_event = (uint8_t)on;
		OK(setsockopt(fd, IPPROTO_SCTP, SCTP_EVENTS, &events, sizeof(events)));
		return;
	}
	struct sctp_event event = { .se_assoc_id = SCTP_FUTURE_ASSOC, .se_type = type, .se_on = (uint8_t)on };

	OK(setsockopt(fd, IPPROTO_SCTP, SCTP_EVENT, &event, sizeof(event)));
}

void nonblocking(int fd)
{
	OK(fcntl(fd, F_SETFL, OK(fcntl(fd, F_GETFL)) | O_NONBLOCK));
}

int int_option(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	OK(getsockopt(fd, level, name, &value, &len));
	return value;
}

void set_int(int fd, int level, int name, int value)
{
	OK(setsockopt(fd, level, name, &value, sizeof(value)));
}

int polled(int fd)
{
	struct pollfd entry = { .fd = fd, .events = POLLIN | POLLPRI | POLLOUT | POLLRDHUP };

	OK(poll(&entry, 1, 0));
	return entry.revents;
}

int poll_within(int fd, int events, int ms)
{
	struct pollfd entry = { .fd = fd, .events = (short)events };

	OK(poll(&entry, 1, ms));
	return entry.revents;
}

void reaches(int fd, int wanted)
{
	for (int left = 2500; left > 0 && polled(fd) != wanted; left--)
		usleep(2000);
	int got = polled(fd);
	if (got != wanted)
		case_failed("poll says %#x; wanted %#x", (unsigned)got, (unsigned)wanted);
}

double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int local_count(int fd, sctp_assoc_t id)
{
	struct sockaddr *addresses = NULL;
	int number = sctp_getladdrs(fd, id, &addresses);

	if (number > 0)
		sctp_freeladdrs(addresses);
	return number;
}

int peer_count(int fd, sctp_assoc_t id)
{
	struct sockaddr *addresses = NULL;
	int number = sctp_getpaddrs(fd, id, &addresses);

	if (number > 0)
		sctp_freepaddrs(addresses);
	return number;
}

uint16_t port_of(int fd)
{
	struct sockaddr_storage address = { 0 };
	socklen_t len = sizeof(address);

	OK(getsockname(fd, (struct sockaddr *)&address, &len));
	return ntohs(((struct sockaddr_in *)&address)->sin_port);
}

int state_of(int fd, sctp_assoc_t id)
{
	struct sctp_status status = { .sstat_assoc_id = id };
	socklen_t len = sizeof(status);

	if (getsockopt(fd, IPPROTO_SCTP, SCTP_STATUS, &status, &len) < 0)
		return -1;
	return status.sstat_state;
}
