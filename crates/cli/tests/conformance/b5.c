/* RFC 6458, sections 5.3, 9.12 and 9.13: the newer ancillary data, sctp_sendv() and sctp_recvv(). */
#include "conform.h"

static const struct iovec one = { .iov_base = (void *)"x", .iov_len = 1 };

/* sctp_recvv() into room for `room` octets of information. */
struct told {
	ssize_t len;
	int flags;
	unsigned int type;
	socklen_t info_len;
	struct sctp_recvv_rn info;
};

static struct told recvv(int fd, socklen_t room, int flags)
{
	static char data[1000];
	struct iovec iov = { .iov_base = data, .iov_len = sizeof(data) };
	struct sockaddr_storage from;
	socklen_t from_len = sizeof(from);
	struct told told = { .flags = flags, .info_len = room, .type = 77 };

	EXPECT(poll_within(fd, POLLIN, 5000) & POLLIN);
	told.len = OK(sctp_recvv(fd, &iov, 1, (struct sockaddr *)&from, &from_len, &told.info, &told.info_len, &told.type,
				 &told.flags));
	return told;
}

static int stream_of(const struct chunk *data)
{
	return data->value[4] << 8 | data->value[5];
}

static void ancillary(void)
{
	CASE("B2-1", "SCTP_SNDINFO chooses stream, order and identifier as SCTP_SNDRCV does") {
		int ends[2];
		struct sctp_sndinfo info = { .snd_sid = 3, .snd_ppid = 77 };

		EQ(16, sizeof(info));
		EQ(2, SCTP_SNDINFO);
		wire_start();
		tcp_pair(ends);
		EQ(1, send_item(ends[0], "x", IPPROTO_SCTP, SCTP_SNDINFO, &info, sizeof(info)));
		EQ(3, stream_of(WIRE(DATA, 0)));
		EQ(0, memcmp(WIRE(DATA, 0)->value + 8, &info.snd_ppid, 4));
		info.snd_flags = SCTP_UNORDERED;
		EQ(1, send_item(ends[0], "x", IPPROTO_SCTP, SCTP_SNDINFO, &info, sizeof(info)));
		EQ(4, WIRE(DATA, 1)->flags & 4);
		info.snd_sid = 10;
		FAILS(EINVAL, send_item(ends[0], "x", IPPROTO_SCTP, SCTP_SNDINFO, &info, sizeof(info)));
		info.snd_sid = 0;
		info.snd_flags = 0x400;
		FAILS(EINVAL, send_item(ends[0], "x", IPPROTO_SCTP, SCTP_SNDINFO, &info, sizeof(info)));
	}
	CASE("B2-2", "with both items SCTP_SNDINFO counts, the later one") {
		int ends[2];
		struct sctp_sndrcvinfo older = { .sinfo_stream = 2 };
		struct sctp_sndinfo newer = { .snd_sid = 3 };
		struct outgoing out = { .data = "x", .len = 1, .sndrcv = &older, .snd = &newer };

		wire_start();
		tcp_pair(ends);
		EQ(1, send_out(ends[0], &out));
		EQ(3, stream_of(WIRE(DATA, 0)));
	}
	CASE("B2-3 B2-4", "SCTP_RCVINFO comes with each message and with no notification") {
		int ends[2], context = 9;
		struct sctp_assoc_value value = { .assoc_value = (uint32_t)context };
		struct sctp_sndinfo info = { .snd_sid = 5, .snd_ppid = 78 };

		EQ(28, sizeof(struct sctp_rcvinfo));
		EQ(3, SCTP_RCVINFO);
		tcp_pair(ends);
		set_int(ends[1], IPPROTO_SCTP, SCTP_RECVRCVINFO, 1);
		OK(setsockopt(ends[1], IPPROTO_SCTP, SCTP_CONTEXT, &value, sizeof(value)));
		subscribe_to(ends[1], SCTP_SHUTDOWN_EVENT, 1);
		for (int ssn = 0; ssn < 2; ssn++) {
			EQ(1, send_item(ends[0], "x", IPPROTO_SCTP, SCTP_SNDINFO, &info, sizeof(info)));
			struct message *got = TEXT(ends[1], "x");
			EQ(1, got->has_rcv);
			EQ(5, got->rcv.rcv_sid);
			EQ(ssn, got->rcv.rcv_ssn);
			EQ(78, got->rcv.rcv_ppid);
			EQ(0, got->rcv.rcv_flags);
			EQ(9, got->rcv.rcv_context);
		}
		OK(close(ends[0]));
		EQ(0, EVENT(ends[1], SCTP_SHUTDOWN_EVENT)->items);
	}
	CASE("B2-5", "SCTP_NXTINFO tells of the message that waits behind") {
		int ends[2];
		struct sctp_sndinfo second = { .snd_sid = 7, .snd_ppid = 79, .snd_flags = SCTP_UNORDERED };

		EQ(16, sizeof(struct sctp_nxtinfo));
		EQ(4, SCTP_NXTINFO);
		tcp_pair(ends);
		set_int(ends[0], IPPROTO_SCTP, SCTP_NODELAY, 1);
		set_int(ends[1], IPPROTO_SCTP, SCTP_RECVNXTINFO, 1);
		EQ(5, send(ends[0], "first", 5, 0));
		EXPECT(poll_within(ends[1], POLLIN, 5000));
		EQ(6, send_item(ends[0], "second", IPPROTO_SCTP, SCTP_SNDINFO, &second, sizeof(second)));
		usleep(200000);
		struct message *got = TEXT(ends[1], "first");
		EQ(1, got->has_next);
		EQ(7, got->next.nxt_sid);
		EQ(79, got->next.nxt_ppid);
		EQ(6, got->next.nxt_length);
		EXPECT(got->next.nxt_flags & SCTP_UNORDERED);
		EQ(0, TEXT(ends[1], "second")->has_next);
	}
	CASE("B2-7", "SCTP_PRINFO: a policy outside the mask is refused, the others are taken") {
		int ends[2];
		struct sctp_prinfo info = { .pr_policy = SCTP_PR_SCTP_TTL, .pr_value = 10000 };

		tcp_pair(ends);
		EQ(1, send_item(ends[0], "x", IPPROTO_SCTP, SCTP_PRINFO, &info, sizeof(info)));
		TEXT(ends[1], "x");
		info.pr_policy = SCTP_PR_SCTP_NONE;
		EQ(1, send_item(ends[0], "y", IPPROTO_SCTP, SCTP_PRINFO, &info, sizeof(info)));
		TEXT(ends[1], "y");
		info.pr_policy = 0x1000;
		FAILS(EINVAL, send_item(ends[0], "z", IPPROTO_SCTP, SCTP_PRINFO, &info, sizeof(info)));
	}
	CASE("B2-8", "SCTP_AUTHINFO without AUTH has no effect") {
		int ends[2];
		struct sctp_authinfo info = { .auth_keynumber = 3 };

		tcp_pair(ends);
		EQ(1, send_item(ends[0], "x", IPPROTO_SCTP, SCTP_AUTHINFO, &info, sizeof(info)));
		TEXT(ends[1], "x");
	}
	CASE("B2-9", "SCTP_DSTADDRV4 on an association that is there is ignored, and too short for a new one it is refused") {
		struct many m = many_pair();
		struct sockaddr_in nobody = v4(1, port(5));
		struct in_addr second = { htonl(0x7f000002) };
		char control[CMSG_SPACE(4)] = { 0 };
		struct iovec iov = one;
		struct msghdr msg = { .msg_name = &nobody, .msg_namelen = sizeof(nobody), .msg_iov = &iov, .msg_iovlen = 1,
				      .msg_control = control, .msg_controllen = sizeof(control) };
		struct cmsghdr *item = CMSG_FIRSTHDR(&msg);

		item->cmsg_level = IPPROTO_SCTP;
		item->cmsg_type = SCTP_DSTADDRV4;
		item->cmsg_len = CMSG_LEN(2);
		FAILS(EINVAL, sendmsg(m.client, &msg, 0));
		item->cmsg_len = CMSG_LEN(4);
		memcpy(CMSG_DATA(item), &second, 4);
		nobody.sin_port = htons(port_of(m.server));
		EQ(1, sendmsg(m.client, &msg, 0));
		TEXT(m.server, "x");
	}
}

static void sending(void)
{
	CASE("B5-1 B5-5", "sctp_sendv with each kind of information") {
		struct many m = many_pair();
		struct sctp_sndinfo snd = { .snd_sid = 2, .snd_ppid = 5, .snd_assoc_id = m.at_client };
		struct sctp_sendv_spa all = { .sendv_flags = SCTP_SEND_SNDINFO_VALID | SCTP_SEND_PRINFO_VALID,
					      .sendv_sndinfo = snd,
					      .sendv_prinfo = { .pr_policy = SCTP_PR_SCTP_TTL, .pr_value = 10000 } };
		struct sctp_prinfo life = { .pr_policy = SCTP_PR_SCTP_TTL, .pr_value = 10000 };
		struct sctp_authinfo key = { 0 };
		struct sockaddr_in to = v4(1, port_of(m.server));

		EQ(1, sctp_sendv(m.client, &one, 1, (struct sockaddr *)&to, 1, NULL, 0, SCTP_SENDV_NOINFO, 0));
		EQ(0, TEXT(m.server, "x")->sndrcv.sinfo_stream);
		EQ(1, sctp_sendv(m.client, &one, 1, NULL, 0, &snd, sizeof(snd), SCTP_SENDV_SNDINFO, 0));
		struct message *got = TEXT(m.server, "x");
		EQ(2, got->sndrcv.sinfo_stream);
		EQ(5, got->sndrcv.sinfo_ppid);
		EQ(1, sctp_sendv(m.client, &one, 1, (struct sockaddr *)&to, 1, &life, sizeof(life), SCTP_SENDV_PRINFO, 0));
		TEXT(m.server, "x");
		EQ(1, sctp_sendv(m.client, &one, 1, (struct sockaddr *)&to, 1, &key, sizeof(key), SCTP_SENDV_AUTHINFO, 0));
		TEXT(m.server, "x");
		EQ(1, sctp_sendv(m.client, &one, 1, NULL, 0, &all, sizeof(all), SCTP_SENDV_SPA, 0));
		EQ(2, TEXT(m.server, "x")->sndrcv.sinfo_stream);
		snd.snd_flags = SCTP_EOF;
		EQ(0, sctp_sendv(m.client, NULL, 0, NULL, 0, &snd, sizeof(snd), SCTP_SENDV_SNDINFO, 0));
		CHANGE(m.client, SCTP_SHUTDOWN_COMP);
	}
	CASE("B5-2", "several addresses set an association up and send, in both styles") {
		int server = listening(SOCK_SEQPACKET, 8);
		struct sockaddr_in list[2] = { v4(4, port(8)), v4(1, port(8)) };
		int types[2] = { SOCK_STREAM, SOCK_SEQPACKET };

		for (int style = 0; style < 2; style++) {
			int client = OK(socket(AF_INET, types[style], IPPROTO_SCTP));
			struct sctp_rtoinfo soon = { .srto_initial = 200, .srto_max = 400, .srto_min = 100 };

			OK(setsockopt(client, IPPROTO_SCTP, SCTP_RTOINFO, &soon, sizeof(soon)));
			EQ(1, sctp_sendv(client, &one, 1, (struct sockaddr *)&list[1], 1, NULL, 0, SCTP_SENDV_NOINFO, 0));
			TEXT(server, "x");
			EXPECT(peer_count(client, 0) >= 1 || style == 1);
		}
	}
	CASE("B5-4", "one address and SCTP_ADDR_OVER: that is where it goes") {
		wire_start();
		int server = many_style(), client = many_style();
		struct sockaddr_in list[2] = { v4(1, port(8)), v4(2, port(8)) }, near = v4(3, port(7));
		struct sctp_sndinfo over = { .snd_flags = SCTP_ADDR_OVER };
		struct sctp_paddrinfo path = { 0 };
		socklen_t len = sizeof(path);

		OK(sctp_bindx(server, (struct sockaddr *)list, 2, SCTP_BINDX_ADD_ADDR));
		OK(listen(server, 1));
		OK(bind(client, SA(near)));
		OK(connect(client, SA(list[0])));
		memcpy(&path.spinfo_address, &list[1], sizeof(list[1]));
		for (int left = 500; left > 0 && path.spinfo_state != SCTP_ACTIVE; left--) {
			usleep(10000);
			OK(getsockopt(client, IPPROTO_SCTP, SCTP_GET_PEER_ADDR_INFO, &path, &len));
		}
		EQ(1, sctp_sendv(client, &one, 1, (struct sockaddr *)&list[1], 1, &over, sizeof(over), SCTP_SENDV_SNDINFO, 0));
		EQ(0x7f000002, WIRE(DATA, 0)->destination);
	}
	CASE("B5-6", "lengths, kinds and families that are wrong") {
		int ends[2];
		struct sctp_sndinfo snd = { 0 };
		struct sockaddr strange = { .sa_family = AF_UNIX };

		tcp_pair(ends);
		FAILS(EINVAL, sctp_sendv(ends[0], &one, 1, NULL, 0, &snd, 4, SCTP_SENDV_SNDINFO, 0));
		FAILS(EINVAL, sctp_sendv(ends[0], &one, 1, NULL, 0, &snd, sizeof(snd), 99, 0));
		FAILS(EINVAL, sctp_sendv(ends[0], &one, 1, NULL, 0, &snd, sizeof(snd), SCTP_SENDV_NOINFO, 0));
		FAILS(EINVAL, sctp_sendv(ends[0], &one, 1, &strange, 1, NULL, 0, SCTP_SENDV_NOINFO, 0));
		QUIET(ends[1], 50);
	}
}

static void receiving(void)
{
	CASE("B5-7", "sctp_recvv tells what is switched on and there") {
		int ends[2];

		EQ(44, sizeof(struct sctp_recvv_rn));
		tcp_pair(ends);
		EQ(1, send(ends[0], "x", 1, 0));
		struct told told = recvv(ends[1], sizeof(told.info), 0);
		EQ(SCTP_RECVV_NOINFO, told.type);
		set_int(ends[1], IPPROTO_SCTP, SCTP_RECVRCVINFO, 1);
		EQ(1, send_text(ends[0], 0, "x", 3, 0));
		told = recvv(ends[1], sizeof(told.info), 0);
		EQ(SCTP_RECVV_RCVINFO, told.type);
		EQ(28, told.info_len);
		EQ(3, told.info.recvv_rcvinfo.rcv_sid);
		set_int(ends[1], IPPROTO_SCTP, SCTP_RECVNXTINFO, 1);
		EQ(1, send(ends[0], "x", 1, 0));
		EQ(1, send_text(ends[0], 0, "y", 6, 0));
		usleep(300000);
		told = recvv(ends[1], sizeof(told.info), 0);
		EQ(SCTP_RECVV_RN, told.type);
		EQ(44, told.info_len);
		EQ(6, told.info.recvv_nxtinfo.nxt_sid);
		EQ(SCTP_RECVV_RCVINFO, recvv(ends[1], sizeof(told.info), 0).type);
		set_int(ends[1], IPPROTO_SCTP, SCTP_RECVRCVINFO, 0);
		EQ(1, send(ends[0], "x", 1, 0));
		EQ(2, send(ends[0], "yy", 2, 0));
		usleep(300000);
		told = recvv(ends[1], sizeof(told.info), 0);
		EQ(SCTP_RECVV_NXTINFO, told.type);
		EQ(16, told.info_len);
	}
	CASE("B5-8", "of what does not fit the part that fits is told") {
		int ends[2];

		tcp_pair(ends);
		set_int(ends[1], IPPROTO_SCTP, SCTP_RECVRCVINFO, 1);
		set_int(ends[1], IPPROTO_SCTP, SCTP_RECVNXTINFO, 1);
		for (int each = 0; each < 3; each++)
			EQ(1, send(ends[0], "x", 1, 0));
		usleep(300000);
		EQ(SCTP_RECVV_RCVINFO, recvv(ends[1], 30, 0).type);
		EQ(SCTP_RECVV_NXTINFO, recvv(ends[1], 16, 0).type);
		EQ(SCTP_RECVV_NOINFO, recvv(ends[1], 8, 0).type);
	}
	CASE("B5-9", "flags go in and come out") {
		int ends[2];

		tcp_pair(ends);
		subscribe_to(ends[1], SCTP_SHUTDOWN_EVENT, 1);
		EQ(1, send(ends[0], "x", 1, 0));
		EQ(1, recvv(ends[1], 0, MSG_PEEK).len);
		struct told told = recvv(ends[1], 0, 0);
		EQ(1, told.len);
		EQ(MSG_EOR, told.flags & (MSG_EOR | MSG_NOTIFICATION));
		OK(close(ends[0]));
		told = recvv(ends[1], 0, 0);
		EQ(12, told.len);
		EQ(MSG_EOR | MSG_NOTIFICATION, told.flags & (MSG_EOR | MSG_NOTIFICATION));
	}
}

int main(void)
{
	ancillary();
	sending();
	receiving();
	return cases_done();
}
