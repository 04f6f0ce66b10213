/* What the test programs share: checks that say where they failed, and sockets on an address of the test's own. */
#ifndef CHECK_H
#define CHECK_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/sctp.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define CHECK(condition) \
	do { \
		if (!(condition)) \
			fail(__FILE__, __LINE__, #condition); \
	} while (0)

/* A call that succeeds; its value. */
#define OK(call) ok_or_fail((call), __FILE__, __LINE__, #call)

/* A call that fails with this errno. */
#define FAILS(wanted, call) \
	do { \
		errno = 0; \
		long result_ = (long)(call); \
		if (result_ != -1 || errno != (wanted)) { \
			fprintf(stderr, "got %ld, %s; wanted %s\n", result_, strerror(errno), strerror(wanted)); \
			fail(__FILE__, __LINE__, #call); \
		} \
	} while (0)

__attribute__((noreturn, unused)) static void fail(const char *file, int line, const char *what)
{
	fprintf(stderr, "%s:%d: %s (errno %d, %s)\n", file, line, what, errno, strerror(errno));
	fflush(stderr);
	/* Not exit(): a test that failed does not wait for its sockets. */
	kill(getpid(), SIGKILL);
	for (;;)
		pause();
}

__attribute__((unused)) static long ok_or_fail(long result, const char *file, int line, const char *what)
{
	if (result < 0)
		fail(file, line, what);
	return result;
}

/* Address of this run, from ADDRESS (127.0.0.1 or ::1), with a port. */
__attribute__((unused)) static socklen_t address(struct sockaddr_storage *to, uint16_t port)
{
	const char *text = getenv("ADDRESS");

	if (text == NULL)
		text = "127.0.0.1";
	memset(to, 0, sizeof(*to));
	if (strchr(text, ':') != NULL) {
		struct sockaddr_in6 *sin6 = (struct sockaddr_in6 *)to;

		sin6->sin6_family = AF_INET6;
		sin6->sin6_port = htons(port);
		CHECK(inet_pton(AF_INET6, text, &sin6->sin6_addr) == 1);
		return sizeof(*sin6);
	}
	struct sockaddr_in *sin = (struct sockaddr_in *)to;

	sin->sin_family = AF_INET;
	sin->sin_port = htons(port);
	CHECK(inet_pton(AF_INET, text, &sin->sin_addr) == 1);
	return sizeof(*sin);
}

__attribute__((unused)) static int family(void)
{
	struct sockaddr_storage to;

	address(&to, 0);
	return to.ss_family;
}

/* A socket bound to the run's address. */
__attribute__((unused)) static int bound(int type, uint16_t port)
{
	struct sockaddr_storage to;
	socklen_t len = address(&to, port);
	int fd = OK(socket(to.ss_family, type, IPPROTO_SCTP)), on = 1;

	/* Ports of associations that are still shutting down, or were accepted at the port, may be used again. */
	OK(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
	OK(bind(fd, (struct sockaddr *)&to, len));
	return fd;
}

__attribute__((unused)) static int listening(int type, uint16_t port)
{
	int fd = bound(type, port);

	OK(listen(fd, 5));
	return fd;
}

__attribute__((unused)) static int connected(uint16_t port)
{
	struct sockaddr_storage to;
	socklen_t len = address(&to, port);
	int fd = OK(socket(to.ss_family, SOCK_STREAM, IPPROTO_SCTP));

	OK(connect(fd, (struct sockaddr *)&to, len));
	return fd;
}

/* Two ends of one association, through a listener at port. */
__attribute__((unused)) static void pair(uint16_t port, int ends[2])
{
	int listener = listening(SOCK_STREAM, port);

	ends[0] = connected(port);
	ends[1] = OK(accept(listener, NULL, NULL));
	OK(close(listener));
}

/* What poll says now, of what can be asked. */
__attribute__((unused)) static int states(int fd)
{
	struct pollfd entry = { .fd = fd, .events = POLLIN | POLLPRI | POLLOUT | POLLRDHUP };

	OK(poll(&entry, 1, 0));
	return entry.revents;
}

/* Waits until poll says exactly this, for 5 s at most. */
#define REACHES(fd, wanted) \
	do { \
		int left_ = 5000; \
		while (states(fd) != (wanted) && left_-- > 0) \
			usleep(1000); \
		if (states(fd) != (wanted)) { \
			fprintf(stderr, "poll says %#x; wanted %#x\n", states(fd), (unsigned)(wanted)); \
			fail(__FILE__, __LINE__, "states of " #fd); \
		} \
	} while (0)

__attribute__((unused)) static void subscribe(int fd)
{
	struct sctp_event_subscribe events;

	memset(&events, 1, sizeof(events));
	OK(setsockopt(fd, IPPROTO_SCTP, SCTP_EVENTS, &events, sizeof(events)));
}

__attribute__((unused)) static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec / 1e9;
}

/* How often the shared object called its own names; none is right. */
__attribute__((unused)) static void no_reentries(void)
{
	extern uint64_t usctp_reentries(void) __attribute__((weak));

	if (usctp_reentries != NULL && usctp_reentries() != 0) {
		fprintf(stderr, "%llu calls came from inside\n", (unsigned long long)usctp_reentries());
		fail(__FILE__, __LINE__, "reentries");
	}
}

#endif
