/* One-to-many: implicit set-up, ancillary data, notifications in Linux's order, EOF. Both sockets in this process. */
#include "check.h"

#define PORT 5002

struct got {
	unsigned char data[4096];
	ssize_t len;
	int flags;
	struct sctp_sndrcvinfo info;
	int has_info;
	struct sockaddr_storage from;
};

static struct got receive(int fd)
{
	struct got got;
	char control[256];
	struct iovec piece = { .iov_base = got.data, .iov_len = sizeof(got.data) };
	struct msghdr message = {
		.msg_name = &got.from, .msg_namelen = sizeof(got.from), .msg_iov = &piece, .msg_iovlen = 1,
		.msg_control = control, .msg_controllen = sizeof(control),
	};

	memset(&got, 0, sizeof(got));
	got.len = OK(recvmsg(fd, &message, 0));
	got.flags = message.msg_flags;
	for (struct cmsghdr *item = CMSG_FIRSTHDR(&message); item != NULL; item = CMSG_NXTHDR(&message, item)) {
		CHECK(item->cmsg_level == IPPROTO_SCTP && item->cmsg_type == SCTP_SNDRCV);
		CHECK(item->cmsg_len == CMSG_LEN(sizeof(got.info)));
		memcpy(&got.info, CMSG_DATA(item), sizeof(got.info));
		got.has_info = 1;
	}
	return got;
}

static union sctp_notification *notification(struct got *got, int type, size_t len)
{
	union sctp_notification *is = (union sctp_notification *)got->data;

	CHECK(got->flags == (MSG_NOTIFICATION | MSG_EOR));
	if (is->sn_header.sn_type != type)
		fprintf(stderr, "type %#x, wanted %#x\n", is->sn_header.sn_type, type);
	CHECK(is->sn_header.sn_type == type);
	CHECK(is->sn_header.sn_flags == 0);
	CHECK(is->sn_header.sn_length == (size_t)got->len);
	CHECK((size_t)got->len == len);
	CHECK(!got->has_info);
	return is;
}

static void subscribe_to_some(int fd)
{
	struct sctp_event_subscribe events = {
		.sctp_data_io_event = 1, .sctp_association_event = 1, .sctp_shutdown_event = 1,
	};

	OK(setsockopt(fd, IPPROTO_SCTP, SCTP_EVENTS, &events, sizeof(events)));
}

int main(void)
{
	struct sockaddr_storage to;
	socklen_t len = address(&to, PORT);
	int server, client;
	struct got got;
	sctp_assoc_t at_server, at_client;
	union sctp_notification *is;

	alarm(30);
	server = listening(SOCK_SEQPACKET, PORT);
	client = OK(socket(to.ss_family, SOCK_SEQPACKET, 0));
	subscribe_to_some(server);
	subscribe_to_some(client);

	/* The first message sets the association up. */
	CHECK(sctp_sendmsg(client, "hello", 5, (struct sockaddr *)&to, len, htonl(77), SCTP_UNORDERED, 3, 0, 9) == 5);
	got = receive(server);
	is = notification(&got, SCTP_ASSOC_CHANGE, sizeof(struct sctp_assoc_change));
	CHECK(is->sn_assoc_change.sac_state == SCTP_COMM_UP);
	CHECK(is->sn_assoc_change.sac_outbound_streams == 10);
	CHECK(is->sn_assoc_change.sac_inbound_streams == 10);
	at_server = is->sn_assoc_change.sac_assoc_id;
	got = receive(client);
	is = notification(&got, SCTP_ASSOC_CHANGE, sizeof(struct sctp_assoc_change));
	CHECK(is->sn_assoc_change.sac_state == SCTP_COMM_UP);
	at_client = is->sn_assoc_change.sac_assoc_id;
	CHECK(at_server > 2 && at_client > 2 && at_server != at_client);

	got = receive(server);
	CHECK(got.len == 5 && memcmp(got.data, "hello", 5) == 0 && got.flags == MSG_EOR);
	CHECK(got.has_info && got.info.sinfo_stream == 3 && got.info.sinfo_ppid == htonl(77));
	CHECK(got.info.sinfo_flags == SCTP_UNORDERED && got.info.sinfo_assoc_id == at_server);

	/* Back by the id, and read in parts. */
	struct sctp_sndrcvinfo info = { .sinfo_stream = 1, .sinfo_assoc_id = at_server };
	CHECK(sctp_send(server, "0123456789", 10, &info, 0) == 10);
	unsigned char part[4];
	int flags = 0;
	CHECK(sctp_recvmsg(client, part, 4, NULL, NULL, &info, &flags) == 4 && flags == 0);
	CHECK(memcmp(part, "0123", 4) == 0 && info.sinfo_stream == 1 && info.sinfo_assoc_id == at_client);
	CHECK(sctp_recvmsg(client, part, 4, NULL, NULL, &info, &flags) == 4 && flags == 0);
	CHECK(sctp_recvmsg(client, part, 4, NULL, NULL, &info, &flags) == 2 && flags == MSG_EOR);
	CHECK(memcmp(part, "89", 2) == 0);

	/* The client ends it. */
	CHECK(sctp_sendmsg(client, NULL, 0, (struct sockaddr *)&to, len, 0, SCTP_EOF, 0, 0, 0) == 0);
	got = receive(server);
	is = notification(&got, SCTP_SHUTDOWN_EVENT, sizeof(struct sctp_shutdown_event));
	CHECK(is->sn_shutdown_event.sse_assoc_id == at_server);
	got = receive(server);
	is = notification(&got, SCTP_ASSOC_CHANGE, sizeof(struct sctp_assoc_change));
	CHECK(is->sn_assoc_change.sac_state == SCTP_SHUTDOWN_COMP);
	got = receive(client);
	is = notification(&got, SCTP_ASSOC_CHANGE, sizeof(struct sctp_assoc_change));
	CHECK(is->sn_assoc_change.sac_state == SCTP_SHUTDOWN_COMP);

	/* Nobody there: refused, and the message comes back. */
	len = address(&to, PORT + 1);
	CHECK(sctp_sendmsg(client, "x", 1, (struct sockaddr *)&to, len, 0, 0, 0, 0, 0) == 1);
	got = receive(client);
	is = notification(&got, SCTP_ASSOC_CHANGE, sizeof(struct sctp_assoc_change));
	CHECK(is->sn_assoc_change.sac_state == SCTP_CANT_STR_ASSOC);

	OK(close(client));
	OK(close(server));
	no_reentries();
	return 0;
}
