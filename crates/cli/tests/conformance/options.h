/* What the cases about options share. */
#ifndef OPTIONS_H
#define OPTIONS_H

#include "conform.h"

/* A structure is set, or read with what it asks in it; returns as the call does. */
#define SET(fd, name, value) setsockopt(fd, IPPROTO_SCTP, name, &(value), sizeof(value))
#define GET(fd, name, value) getsockopt(fd, IPPROTO_SCTP, name, &(value), &(socklen_t){ sizeof(value) })
/* An int of level IPPROTO_SCTP. */
#define INT(fd, name) int_option(fd, IPPROTO_SCTP, name)
#define SET_INT(fd, name, number) setsockopt(fd, IPPROTO_SCTP, name, &(int){ number }, sizeof(int))

/* A listener at 127.0.0.1 and 127.0.0.2, and one socket of the type connected to it: the peer has two addresses. */
static inline int two_homed(int type, int *listener)
{
	struct sockaddr_in both[2] = { v4(1, port(7)), v4(2, port(7)) };
	int fd = OK(socket(AF_INET, type, IPPROTO_SCTP));

	*listener = OK(socket(AF_INET, SOCK_SEQPACKET, IPPROTO_SCTP));
	OK(sctp_bindx(*listener, (struct sockaddr *)both, 2, SCTP_BINDX_ADD_ADDR));
	OK(listen(*listener, 5));
	OK(connect_to(fd, 7));
	return fd;
}

/* The id of a one-to-many socket's only association. */
static inline sctp_assoc_t only_id(int fd)
{
	struct { uint32_t number; sctp_assoc_t id; } ids;

	OK(GET(fd, SCTP_GET_ASSOC_ID_LIST, ids));
	EQ(1, ids.number);
	return ids.id;
}

static inline struct sctp_paddrparams path_of(int fd, sctp_assoc_t id, const struct sockaddr_in *address)
{
	struct sctp_paddrparams path = { .spp_assoc_id = id };

	if (address != NULL)
		memcpy(&path.spp_address, address, sizeof(*address));
	OK(GET(fd, SCTP_PEER_ADDR_PARAMS, path));
	return path;
}

static inline int set_path(int fd, sctp_assoc_t id, const struct sockaddr_in *address, struct sctp_paddrparams path)
{
	path.spp_assoc_id = id;
	if (address != NULL)
		memcpy(&path.spp_address, address, sizeof(*address));
	return SET(fd, SCTP_PEER_ADDR_PARAMS, path);
}

/* All timers of new associations: minimum, maximum and first value, in ms. */
static inline void all_rto(int fd, uint32_t ms)
{
	struct sctp_rtoinfo rto = { .srto_initial = ms, .srto_max = ms, .srto_min = ms };

	OK(SET(fd, SCTP_RTOINFO, rto));
}

/* A peer that can be silenced: a process of its own that listens at port(6), echoes what it gets, and stops for SIGSTOP.
   To be called before the first socket and before wire_start(). Our packets go to its UDP port. */
static inline pid_t other_process(int echoes)
{
	int ready[2];
	char text[8];

	OK(pipe(ready));
	snprintf(text, sizeof(text), "%d", 20000 + port(6) % 20000);
	pid_t child = OK(fork());
	if (child == 0) {
		OK(setenv("USCTP_UDP_PORT", text, 1));
		int fd = listening(SOCK_SEQPACKET, 6);
		subscribe(fd);
		OK(write(ready[1], "x", 1));
		for (;;) {
			struct message *got = receive_flags(fd, sizeof(got->data), 0);
			struct outgoing out = { .data = got->data, .len = (size_t)got->len, .sndrcv = &got->sndrcv };

			if (echoes && got->len > 0 && !(got->flags & MSG_NOTIFICATION))
				send_out(fd, &out);
			if (!echoes)
				pause();
		}
	}
	OK(setenv("USCTP_UDP_PEER_PORT", text, 1));
	/* The end of the case does not wait for who is silent. */
	OK(setenv("USCTP_EXIT_TIMEOUT", "0", 1));
	EQ(1, read(ready[0], text, 1));
	return child;
}

static inline void stop(pid_t other)
{
	OK(kill(other, SIGSTOP));
	OK(waitpid(other, NULL, WUNTRACED));
}

/* A UDP port of the kernel's that swallows what is sent to it: SCTP packets to hosts that never answer. */
static inline int swallows(void)
{
	struct sockaddr_in address = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_ANY) };
	socklen_t len = sizeof(address);
	char text[8];
	int fd = OK(socket(AF_INET, SOCK_DGRAM, 0));

	OK(bind(fd, SA(address)));
	OK(getsockname(fd, (struct sockaddr *)&address, &len));
	snprintf(text, sizeof(text), "%d", ntohs(address.sin_port));
	OK(setenv("USCTP_UDP_PEER_PORT", text, 1));
	OK(setenv("USCTP_EXIT_TIMEOUT", "0", 1));
	return fd;
}

#endif
