/*
 * What the conformance programs share: cases, expectations, sockets, and a look at the packets.
 *
 * A program is a main() with cases. Each case runs in a child process, so it has a stack, ports and an alarm of its own,
 * and whatever it leaves open is gone with it. A case reports one line: `ok IDS text` or `not ok IDS text: where and what`.
 *
 *     int main(void)
 *     {
 *         CASE("D3.1.2-5", "an endpoint that does not listen refuses") {
 *             int fd = bound(SOCK_STREAM, 0);
 *             ...
 *             FAILS(ECONNREFUSED, connect(...));
 *         }
 *         return cases_done();
 *     }
 *
 * CASE runs in both personalities, LINUX_CASE and RFC_CASE in that one only. The same programs run on a kernel's SCTP, for
 * comparison by hand: without USCTP_PERSONALITY in the environment, cases that look at packets say `skip`.
 */
#ifndef CONFORM_H
#define CONFORM_H

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
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* Linux's names that not every header has. */
#ifndef MSG_NOTIFICATION
#define MSG_NOTIFICATION 0x8000
#endif

#define CASE(ids, text) CASE_WHERE(NULL, ids, text)
#define LINUX_CASE(ids, text) CASE_WHERE("linux", ids, text)
#define RFC_CASE(ids, text) CASE_WHERE("rfc", ids, text)
#define CASE_WHERE(where, ids, text) for (int run_ = case_begin(where, ids, text); run_; case_passed())

/* True, or the case fails here. */
#define EXPECT(condition) \
	do { \
		at(__FILE__, __LINE__); \
		if (!(condition)) \
			case_failed("%s (errno %d, %s)", #condition, errno, strerror(errno)); \
	} while (0)

/* Equal integers. */
#define EQ(wanted, expression) \
	do { \
		at(__FILE__, __LINE__); \
		long long wanted_ = (long long)(wanted), got_ = (long long)(expression); \
		if (got_ != wanted_) \
			case_failed("%s (got %lld, wanted %lld; errno %d, %s)", #expression, got_, wanted_, errno, strerror(errno)); \
	} while (0)

/* A call that succeeds; its value. */
#define OK(call) (at(__FILE__, __LINE__), ok_or_fail((long)(call), #call))

/* A call that fails with this errno. */
#define FAILS(wanted, call) \
	do { \
		at(__FILE__, __LINE__); \
		errno = 0; \
		long result_ = (long)(call); \
		if (result_ != -1 || errno != (wanted)) \
			case_failed("%s (got %ld, %s; wanted %s)", #call, result_, strerrorname(errno), strerrorname(wanted)); \
	} while (0)

/* --- cases: conform.c --- */

int case_begin(const char *where, const char *ids, const char *text);
void case_passed(void) __attribute__((noreturn));
void case_failed(const char *format, ...) __attribute__((noreturn, format(printf, 1, 2)));
/* The case cannot be shown on this stack; only a kernel's may say so. */
void case_skipped(const char *why) __attribute__((noreturn));
int cases_done(void);
void at(const char *file, int line);
long ok_or_fail(long result, const char *what);
const char *strerrorname(int number);
/* True where a kernel's SCTP is what runs. */
int is_kernel(void);
int is_personality(const char *name);

/* --- sockets: sockets.c --- */

/* A port of this case's own, 0 to 9; pairs use those from 19 down. */
uint16_t port(int which);
/* 127.0.0.host, and fd0c::host for AF_INET6. */
struct sockaddr_in v4(int host, uint16_t port);
struct sockaddr_in6 v6(int host, uint16_t port);
#define SA(address) ((struct sockaddr *)&(address)), ((socklen_t)sizeof(address))

int tcp_style(void);  /* socket(AF_INET, SOCK_STREAM) */
int many_style(void); /* socket(AF_INET, SOCK_SEQPACKET) */
/* Bound to 127.0.0.1 and port(which); `type` as for socket(). */
int bound(int type, int which);
/* The same, listening, with a backlog of 5. */
int listening(int type, int which);
/* connect() to 127.0.0.1 and port(which). */
int connect_to(int fd, int which);
/* Two ends of a one-to-one association: [0] connected, [1] accepted. */
void tcp_pair(int ends[2]);
/* A one-to-many server and client with one association; both subscribed to everything, COMM_UP read. */
struct many {
	int server, client;
	sctp_assoc_t at_server, at_client;
};
struct many many_pair(void);
/* One more client of m's server; its descriptor, and the ids. */
int more_client(struct many *m, sctp_assoc_t *at_server, sctp_assoc_t *at_client);
void subscribe(int fd);   /* all events of SCTP_EVENTS, data-io too */
void subscribe_to(int fd, uint16_t type, int on); /* SCTP_EVENT */
void nonblocking(int fd);
int int_option(int fd, int level, int name);
void set_int(int fd, int level, int name, int value);
/* What poll says of POLLIN, POLLPRI, POLLOUT and POLLRDHUP, now or within ms. */
int polled(int fd);
int poll_within(int fd, int events, int ms);
/* poll says exactly this, within 5 s. */
#define REACHES(fd, wanted) (at(__FILE__, __LINE__), reaches(fd, wanted))
void reaches(int fd, int wanted);
double seconds(void);
/* Addresses of an association, sorted nowhere: -1 and errno, or the number. */
int local_count(int fd, sctp_assoc_t id);
int peer_count(int fd, sctp_assoc_t id);
uint16_t port_of(int fd); /* getsockname */
int state_of(int fd, sctp_assoc_t id); /* SCTP_STATUS: sstat_state, or -1 */

/* --- messages: messages.c --- */

struct message {
	ssize_t len;
	int flags;
	struct sockaddr_storage from;
	socklen_t from_len;
	size_t control_len;
	int has_sndrcv, has_rcv, has_next, items;
	struct sctp_sndrcvinfo sndrcv;
	struct sctp_rcvinfo rcv;
	struct sctp_nxtinfo next;
	union {
		union sctp_notification event;
		unsigned char data[300000];
	};
};
/* recvmsg() with room for `room` octets; the result in `len`, also -1. */
struct message *receive_flags(int fd, size_t room, int flags);
/* The next message or notification, within 5 s; fails the case if none comes. */
#define RECEIVE(fd) (at(__FILE__, __LINE__), receive_within(fd, 5000))
struct message *receive_within(int fd, int ms);
/* The next must be a notification of this type. */
#define EVENT(fd, type) (at(__FILE__, __LINE__), event_of(fd, type, -1))
/* An association change of this state. */
#define CHANGE(fd, state) (at(__FILE__, __LINE__), event_of(fd, SCTP_ASSOC_CHANGE, state))
struct message *event_of(int fd, int type, int state);
/* The next must be this text, as one message. */
#define TEXT(fd, text) (at(__FILE__, __LINE__), text_of(fd, text))
struct message *text_of(int fd, const char *text);
/* Nothing comes for ms. */
#define QUIET(fd, ms) (at(__FILE__, __LINE__), quiet(fd, ms))
void quiet(int fd, int ms);
/* All items of the draft at once; NULL or 0 where nothing is wanted. */
struct outgoing {
	const void *data;
	size_t len;
	const struct sockaddr *to;
	socklen_t to_len;
	const struct sctp_sndrcvinfo *sndrcv;
	const struct sctp_initmsg *init;
	const struct sctp_sndinfo *snd;
	int flags;
};
ssize_t send_out(int fd, const struct outgoing *out);
/* The text on a stream with sinfo_flags, to an association (0 on one-to-one). */
ssize_t send_text(int fd, sctp_assoc_t id, const char *text, uint16_t stream, uint16_t flags);
/* sendmsg() with an item of any type and length. */
ssize_t send_item(int fd, const char *text, int level, int type, const void *item, size_t len);
/* Octets of a message of `len`, different at each place. */
const unsigned char *pattern(size_t len);
/* Sends non-blocking until EAGAIN; the number of messages. */
int fill(int fd, sctp_assoc_t id, size_t size);

/* --- peers that are not this stack: peer.c --- */

/* A host that hears everything and says nothing. To be asked for before the first socket, over UDP. */
struct silence {
	int fd, host;
};
struct silence silence(void);
/* Chunks of a type that it has heard since it was last asked. */
int silence_heard(struct silence *silence, int type);

/* Sends a chunk to an association of this case as if its peer had: to the end that has the tag of the INIT (0) or of the
   INIT ACK (1), of the first association recorded. Only with wire_start(), over UDP. */
void inject(int to_server, const void *chunk, size_t len);

/* --- packets: wire.c --- */

/* Records what this case sends and receives. To be called before the first socket. */
void wire_start(void);
/* Chunks of a type seen so far; the n-th of them (0 on), NULL if there is none. Both ends of a loopback association record
   here, so each packet is seen when it is sent and when it comes: only what is sent counts. */
struct chunk {
	uint8_t type, flags;
	uint16_t len;
	const unsigned char *value; /* behind the header, len - 4 octets */
	uint32_t source, destination; /* IPv4 addresses, host order; 0 for IPv6 */
	uint16_t source_port, destination_port;
	int packet, position; /* number of the packet; place in it */
	int inside; /* chunks in the packet */
	uint32_t tag;
	uint16_t udp_destination; /* 0: not encapsulated */
};
int wire_count(int type);
const struct chunk *wire_chunk(int type, int n);
/* Waits for the n-th chunk of a type, 5 s. */
#define WIRE(type, n) (at(__FILE__, __LINE__), wire_wait(type, n))
const struct chunk *wire_wait(int type, int n);
/* Sends a chunk as if it had been in the packet of `like`, with its addresses, ports and tag. The answer to it goes astray. */
void wire_inject(const struct chunk *like, const void *octets, size_t len);
/* Parameters of an INIT or INIT ACK with this type. */
int parameters(const struct chunk *init, int type);
enum { DATA = 0, INIT = 1, INIT_ACK = 2, SACK = 3, HEARTBEAT = 4, HEARTBEAT_ACK = 5, ABORT = 6, SHUTDOWN = 7,
       SHUTDOWN_ACK = 8, ERROR_CHUNK = 9, COOKIE_ECHO = 10, COOKIE_ACK = 11, SHUTDOWN_COMPLETE = 14 };

#endif
