/* What poll and epoll say in each state: the table in which a kernel's sockets were measured. */
#include "check.h"

#define PORT 5003

/* One end stays registered edge-triggered; every change must come as an edge. */
static int watch(int fd)
{
	struct epoll_event event = { .events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.fd = fd };
	int epoll = OK(epoll_create1(0));

	OK(epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event));
	return epoll;
}

static unsigned edge(int epoll, int timeout)
{
	struct epoll_event event;

	return OK(epoll_wait(epoll, &event, 1, timeout)) == 1 ? event.events : 0;
}

/* Takes edges until one says at least this. */
static void edge_with(int epoll, unsigned wanted, int line)
{
	double end = seconds() + 5;
	unsigned got = 0;

	while (seconds() < end) {
		got = edge(epoll, 100);
		if ((got & wanted) == wanted)
			return;
	}
	fprintf(stderr, "edge %#x, wanted %#x\n", got, wanted);
	fail(__FILE__, line, "no such edge");
}

#define EDGE(epoll, wanted) edge_with(epoll, wanted, __LINE__)

static void one_to_one(void)
{
	struct sockaddr_storage to;
	socklen_t len = address(&to, PORT);
	int fresh = OK(socket(to.ss_family, SOCK_STREAM, IPPROTO_SCTP));
	int listener, client, server, epoll, error;
	socklen_t error_len = sizeof(error);
	char data[1024];
	long filled = 0;

	CHECK(states(fresh) == 0);
	listener = bound(SOCK_STREAM, PORT);
	CHECK(states(listener) == 0);
	OK(listen(listener, 5));
	CHECK(states(listener) == 0);
	epoll = watch(listener);
	client = connected(PORT);
	REACHES(listener, POLLIN);
	EDGE(epoll, EPOLLIN);
	server = OK(accept(listener, NULL, NULL));
	CHECK(states(listener) == 0);
	CHECK(states(client) == POLLOUT);
	CHECK(states(server) == POLLOUT);
	close(epoll);

	/* Data, and an edge for each arrival although the first is still there. */
	epoll = watch(server);
	EDGE(epoll, EPOLLOUT);
	CHECK(send(client, "one", 3, 0) == 3);
	REACHES(server, POLLIN | POLLOUT);
	EDGE(epoll, EPOLLIN);
	CHECK(edge(epoll, 20) == 0);
	CHECK(send(client, "two", 3, 0) == 3);
	EDGE(epoll, EPOLLIN);
	CHECK(recv(server, data, sizeof(data), 0) == 3);
	REACHES(server, POLLIN | POLLOUT);
	CHECK(recv(server, data, sizeof(data), 0) == 3);
	REACHES(server, POLLOUT);

	/* Full: neither; free again: OUT. */
	memset(data, 7, sizeof(data));
	OK(fcntl(server, F_SETFL, O_NONBLOCK));
	while (send(server, data, sizeof(data), 0) > 0)
		filled++;
	CHECK(errno == EAGAIN && filled > 10);
	REACHES(server, 0);
	while (edge(epoll, 0) != 0)
		;
	for (long taken = 0; taken < filled; taken++)
		CHECK(recv(client, data, sizeof(data), 0) == sizeof(data));
	EDGE(epoll, EPOLLOUT);
	REACHES(server, POLLOUT);

	/* The peer ends: IN, OUT and RDHUP, for good. */
	OK(close(client));
	REACHES(server, POLLIN | POLLOUT | POLLRDHUP);
	EDGE(epoll, EPOLLIN | EPOLLRDHUP);
	CHECK(recv(server, data, sizeof(data), 0) == 0);
	CHECK(states(server) == (POLLIN | POLLOUT | POLLRDHUP));
	close(epoll);
	OK(close(server));

	/* Refused: ERR alone, until it is told; then the same descriptor connects. */
	OK(close(listener));
	OK(fcntl(fresh, F_SETFL, O_NONBLOCK));
	epoll = watch(fresh);
	FAILS(EINPROGRESS, connect(fresh, (struct sockaddr *)&to, len));
	REACHES(fresh, POLLERR);
	EDGE(epoll, EPOLLERR);
	OK(getsockopt(fresh, SOL_SOCKET, SO_ERROR, &error, &error_len));
	CHECK(error == ECONNREFUSED);
	CHECK(states(fresh) == 0);
	listener = listening(SOCK_STREAM, PORT);
	FAILS(EINPROGRESS, connect(fresh, (struct sockaddr *)&to, len));
	REACHES(fresh, POLLOUT);
	EDGE(epoll, EPOLLOUT);
	server = OK(accept(listener, NULL, NULL));

	/* Aborted by the peer: OUT and ERR; OUT once told. */
	struct linger now = { .l_onoff = 1, .l_linger = 0 };
	OK(setsockopt(server, SOL_SOCKET, SO_LINGER, &now, sizeof(now)));
	OK(close(server));
	REACHES(fresh, POLLOUT | POLLERR);
	EDGE(epoll, EPOLLERR);
	FAILS(ECONNRESET, recv(fresh, data, sizeof(data), 0));
	REACHES(fresh, POLLOUT);
	close(epoll);
	OK(close(fresh));

	/* Own shutdown. */
	client = connected(PORT);
	server = OK(accept(listener, NULL, NULL));
	OK(shutdown(client, SHUT_RD));
	REACHES(client, POLLIN | POLLOUT | POLLRDHUP);
	OK(shutdown(client, SHUT_RDWR));
	REACHES(client, POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
	OK(close(client));
	OK(close(server));
	OK(close(listener));
}

static void one_to_many(void)
{
	struct sockaddr_storage to;
	socklen_t len = address(&to, PORT);
	int server = bound(SOCK_SEQPACKET, PORT), client;
	char data[1024];

	CHECK(states(server) == POLLOUT);
	OK(listen(server, 5));
	CHECK(states(server) == POLLOUT);
	subscribe(server);
	client = OK(socket(to.ss_family, SOCK_SEQPACKET, IPPROTO_SCTP));
	CHECK(states(client) == POLLOUT);
	CHECK(sendto(client, "data", 4, 0, (struct sockaddr *)&to, len) == 4);
	REACHES(server, POLLIN | POLLOUT);
	CHECK(states(client) == POLLOUT);
	do {
		OK(recv(server, data, sizeof(data), 0));
	} while (memcmp(data, "data", 4) != 0);
	OK(close(client));
	REACHES(server, POLLIN | POLLOUT);
	OK(close(server));
}

int main(void)
{
	alarm(30);
	one_to_one();
	one_to_many();
	no_reentries();
	return 0;
}
