/* The functions of libsctp. */
#include "check.h"
#include <sys/uio.h>

#define PORT 5008

/* Loopback addresses of one host, from the run's own. */
static int several(struct sockaddr_storage *packed, uint16_t port)
{
	struct sockaddr_storage first;
	socklen_t len = address(&first, port);
	char *at = (char *)packed;

	if (first.ss_family == AF_INET6) {
		memcpy(at, &first, len);
		return 1;
	}
	for (int number = 0; number < 3; number++) {
		struct sockaddr_in *sin = (struct sockaddr_in *)&first;

		memcpy(at, &first, len);
		at += len;
		sin->sin_addr.s_addr = htonl(ntohl(sin->sin_addr.s_addr) + 1);
	}
	return 3;
}

static void addresses(void)
{
	struct sockaddr_storage list[3];
	struct sockaddr *got;
	sctp_assoc_t id = 0;
	int number = several(list, PORT), listener, client, server, count, on = 1;

	listener = OK(socket(family(), SOCK_STREAM, IPPROTO_SCTP));
	OK(setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)));
	OK(sctp_bindx(listener, (struct sockaddr *)list, number, SCTP_BINDX_ADD_ADDR));
	OK(listen(listener, 5));
	CHECK(sctp_getladdrs(listener, 0, &got) == number);
	CHECK(memcmp(got, list, sctp_getaddrlen(got->sa_family)) == 0);
	sctp_freeladdrs(got);
	client = OK(socket(family(), SOCK_STREAM, IPPROTO_SCTP));
	OK(sctp_connectx(client, (struct sockaddr *)list, number, &id));
	CHECK(id > 2);
	server = OK(accept(listener, NULL, NULL));
	count = sctp_getpaddrs(client, 0, &got);
	CHECK(count >= number);
	CHECK(((struct sockaddr_in *)got)->sin_port == htons(PORT));
	sctp_freepaddrs(got);

	struct sctp_status status;
	socklen_t len = sizeof(status);
	OK(sctp_opt_info(client, id, SCTP_STATUS, &status, &len));
	CHECK(len == sizeof(status) && status.sstat_assoc_id == id && status.sstat_state == SCTP_ESTABLISHED);
	CHECK(status.sstat_instrms == 10 && status.sstat_outstrms == 10);
	OK(close(client));
	OK(close(server));
	OK(close(listener));
}

static void peeled_off(void)
{
	struct sockaddr_storage to;
	socklen_t len = address(&to, PORT);
	int server = listening(SOCK_SEQPACKET, PORT), client = OK(socket(to.ss_family, SOCK_SEQPACKET, IPPROTO_SCTP));
	struct sctp_rcvinfo info;
	socklen_t info_len = sizeof(info);
	unsigned int type = 99;
	int on = 1, flags = 0, branch;
	char data[64];
	struct iovec piece = { data, sizeof(data) };
	sctp_assoc_t id;

	OK(setsockopt(server, IPPROTO_SCTP, SCTP_RECVRCVINFO, &on, sizeof(on)));
	struct sctp_sndinfo how = { .snd_sid = 4, .snd_ppid = htonl(5) };
	piece.iov_base = "by sendv";
	piece.iov_len = 8;
	CHECK(sctp_sendv(client, &piece, 1, (struct sockaddr *)&to, 1, &how, sizeof(how), SCTP_SENDV_SNDINFO, 0) == 8);
	piece.iov_base = data;
	CHECK(sctp_recvv(server, &piece, 1, NULL, NULL, &info, &info_len, &type, &flags) == 8);
	CHECK(type == SCTP_RECVV_RCVINFO && info_len == sizeof(info) && flags == MSG_EOR);
	CHECK(info.rcv_sid == 4 && info.rcv_ppid == htonl(5));
	id = info.rcv_assoc_id;
	/* No room, or nothing asked for: NOINFO, and the length stays as it was given. */
	CHECK(sctp_sendv(client, &piece, 1, (struct sockaddr *)&to, 1, &how, sizeof(how), SCTP_SENDV_SNDINFO, 0) == 8);
	info_len = 1;
	CHECK(sctp_recvv(server, &piece, 1, NULL, NULL, &info, &info_len, &type, &flags) == 8);
	CHECK(type == SCTP_RECVV_NOINFO && info_len == 1);
	FAILS(EINVAL, sctp_sendv(client, &piece, 1, (struct sockaddr *)&to, 1, &how, 3, SCTP_SENDV_SNDINFO, 0));
	FAILS(EINVAL, sctp_sendv(client, &piece, 1, (struct sockaddr *)&to, 1, &how, sizeof(how), 77, 0));

	branch = OK(sctp_peeloff(server, id));
	CHECK(send(branch, "branch", 6, 0) == 6);
	CHECK(recv(client, data, sizeof(data), 0) == 6);
	CHECK(sendto(client, "back", 4, 0, (struct sockaddr *)&to, len) == 4);
	CHECK(recv(branch, data, sizeof(data), 0) == 4);
	FAILS(EINVAL, sctp_peeloff(server, id));
	OK(close(branch));
	OK(close(client));
	OK(close(server));
}

int main(void)
{
	alarm(30);
	addresses();
	peeled_off();
	no_reentries();
	return 0;
}
