/* Appendix A of the draft: its one-to-one echo server, in a thread of the case. */
#include "conform.h"

/* The program as it stands; only its port is the case's own, as its note [2] has it. */
#define ECHO_PORT port(0)
#define main appendix_a
#define printf(...) snprintf(NULL, 0, __VA_ARGS__) /* what it prints is not a case's report */
#include "../../../../examples/draft-10/appendix_a.c"
#undef main
#undef printf

static void *serve(void *unused)
{
	(void)unused;
	appendix_a();
	return NULL;
}

static void start(void)
{
	pthread_t thread;

	EQ(0, pthread_create(&thread, NULL, serve, NULL));
}

/* A client of the server, which may not listen yet. */
static int client(void)
{
	int fd = tcp_style();
	struct sctp_event_subscribe events = { .sctp_data_io_event = 1 };

	OK(setsockopt(fd, IPPROTO_SCTP, SCTP_EVENTS, &events, sizeof(events)));
	set_int(fd, SOL_SOCKET, SO_SNDBUF, 1000000);
	for (int left = 500; left > 0; left--) {
		struct sockaddr_in to = v4(1, port(0));
		if (connect(fd, SA(to)) == 0)
			return fd;
		EQ(ECONNREFUSED, errno);
		usleep(10000);
	}
	case_failed("the server does not listen");
}

/* Sends a message and takes its echo apart: the same octets on the same stream, as it was sent. */
static void echoed(int fd, size_t len, uint16_t stream, uint16_t flags)
{
	struct sctp_sndrcvinfo info = { .sinfo_stream = stream, .sinfo_ppid = 1000 + stream, .sinfo_flags = flags };
	size_t have = 0;

	EQ(len, send_out(fd, &(struct outgoing){ .data = pattern(len), .len = len, .sndrcv = &info }));
	for (;;) {
		struct message *got = RECEIVE(fd);
		EXPECT(have + (size_t)got->len <= len);
		EQ(0, memcmp(got->data, pattern(len) + have, (size_t)got->len));
		EQ(stream, got->sndrcv.sinfo_stream);
		EQ(1000 + stream, got->sndrcv.sinfo_ppid);
		EQ(flags, got->sndrcv.sinfo_flags);
		have += (size_t)got->len;
		if (got->flags & MSG_EOR)
			break;
	}
	EQ(len, have);
}

int main(void)
{
	CASE("DA-1 DA-2 DA-3 DA-8", "the server compiles as it is, and serves one client after the other") {
		start();
		for (int each = 0; each < 3; each++) {
			int fd = client();
			echoed(fd, 5, 0, 0);
			OK(close(fd));
		}
	}
	CASE("DA-4 DA-9 DA-10", "messages of all sizes come back on their streams, ordered or not") {
		start();
		int fd = client();
		size_t sizes[] = { 1, 1000, 65536, 200000 };
		for (int each = 0; each < 4; each++)
			for (uint16_t stream = 0; stream < 10; stream += 3) {
				echoed(fd, sizes[each], stream, 0);
				echoed(fd, sizes[each], stream, SCTP_UNORDERED);
			}
	}
	CASE("DA-5", "its buffer grows where a message just fits and just does not") {
		start();
		int fd = client();
		size_t sizes[] = { 99, 100, 101, 199, 200, 201 };
		for (int each = 0; each < 6; each++)
			echoed(fd, sizes[each], 1, 0);
	}
	CASE("DA-6 DA-11", "notifications are not echoed, whatever is subscribed to") {
		start();
		int fd = client();
		echoed(fd, 10, 0, 0);
		QUIET(fd, 200);
	}
	return cases_done();
}
