/* Appendix B of the draft: its one-to-many echo server, in a thread of the case. */
#include "conform.h"

/* The program as it stands; only its port is the case's own, as its note [2] has it. */
#define ECHO_PORT port(0)
#define main appendix_b
#define printf(...) snprintf(NULL, 0, __VA_ARGS__) /* what it prints is not a case's report */
#include "../../../../examples/draft-10/appendix_b.c"
#undef main
#undef printf

static void *serve(void *unused)
{
	(void)unused;
	appendix_b();
	return NULL;
}

static void start(void)
{
	pthread_t thread;

	EQ(0, pthread_create(&thread, NULL, serve, NULL));
}

static int client(void)
{
	int fd = tcp_style();

	subscribe_to(fd, SCTP_SHUTDOWN_EVENT, 1);
	for (int left = 500; left > 0; left--) {
		struct sockaddr_in to = v4(1, port(0));
		if (connect(fd, SA(to)) == 0)
			return fd;
		EQ(ECONNREFUSED, errno);
		usleep(10000);
	}
	case_failed("the server does not listen");
}

int main(void)
{
	CASE("DB-1 DB-2 DB-3", "the server compiles as it is, and serves several clients over one descriptor") {
		start();
		int fds[3] = { client(), client(), client() };
		const char *texts[3] = { "first", "second", "third" };
		for (int round = 0; round < 5; round++) {
			for (int each = 0; each < 3; each++)
				EQ(strlen(texts[each]), send(fds[each], texts[each], strlen(texts[each]), 0));
			for (int each = 2; each >= 0; each--)
				TEXT(fds[each], texts[each]);
		}
	}
	CASE("DB-5", "a client that is quiet is told of the end after two seconds") {
		start();
		int fd = client();
		EQ(1, send(fd, "x", 1, 0));
		TEXT(fd, "x");
		double begun = seconds();
		EVENT(fd, SCTP_SHUTDOWN_EVENT);
		EXPECT(seconds() - begun > 1.5);
	}
	CASE("DB-6", "a client that aborts leaves the server as it was") {
		start();
		int quitter = client();
		struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
		EQ(1, send(quitter, "x", 1, 0));
		TEXT(quitter, "x");
		OK(setsockopt(quitter, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)));
		OK(close(quitter));
		int fd = client();
		EQ(1, send(fd, "y", 1, 0));
		TEXT(fd, "y");
	}
	return cases_done();
}
