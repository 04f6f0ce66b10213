/* What RFC 6458 adds in general, as items and as functions: B1, B2, B5, and notifications. */
#include "conform.h"

static char byte[64];

static ssize_t with_snd(int fd, const char *text, struct sctp_sndinfo snd)
{
	return send_out(fd, &(struct outgoing){ .data = text, .len = strlen(text), .snd = &snd });
}

int main(void)
{
	CASE("B1-1", "SCTP_CURRENT_ASSOC changes those that are there, and not the next") {
		struct many m = many_pair();
		struct sctp_assoc_value current = { SCTP_CURRENT_ASSOC, 5 }, got = { m.at_server, 0 }, future = { SCTP_FUTURE_ASSOC, 0 };
		socklen_t len = sizeof(got);
		sctp_assoc_t at_server, at_client;

		EQ(0, SCTP_FUTURE_ASSOC);
		EQ(1, SCTP_CURRENT_ASSOC);
		EQ(2, SCTP_ALL_ASSOC);
		OK(setsockopt(m.server, IPPROTO_SCTP, SCTP_CONTEXT, &current, sizeof(current)));
		OK(getsockopt(m.server, IPPROTO_SCTP, SCTP_CONTEXT, &got, &len));
		EQ(5, got.assoc_value);
		OK(getsockopt(m.server, IPPROTO_SCTP, SCTP_CONTEXT, &future, &len));
		EQ(0, future.assoc_value);
		more_client(&m, &at_server, &at_client);
		got.assoc_id = at_server;
		OK(getsockopt(m.server, IPPROTO_SCTP, SCTP_CONTEXT, &got, &len));
		EQ(0, got.assoc_value);
		current.assoc_id = SCTP_ALL_ASSOC;
		OK(setsockopt(m.server, IPPROTO_SCTP, SCTP_CONTEXT, &current, sizeof(current)));
		OK(getsockopt(m.server, IPPROTO_SCTP, SCTP_CONTEXT, &got, &len));
		EQ(5, got.assoc_value);
		OK(getsockopt(m.server, IPPROTO_SCTP, SCTP_CONTEXT, &future, &len));
		EQ(5, future.assoc_value);
		got.assoc_id = SCTP_CURRENT_ASSOC;
		FAILS(EINVAL, getsockopt(m.server, IPPROTO_SCTP, SCTP_CONTEXT, &got, &len));
	}
	CASE("B1-2", "options that take no group of associations refuse one") {
		struct many m = many_pair();

		for (int id = 1; id <= 2; id++) {
			struct sctp_rtoinfo rto = { .srto_assoc_id = id };
			struct sctp_assocparams parameters = { .sasoc_assoc_id = id };
			struct sctp_paddrparams path = { .spp_assoc_id = id };
			struct sctp_assoc_value segment = { id, 1000 };

			FAILS(EINVAL, setsockopt(m.server, IPPROTO_SCTP, SCTP_RTOINFO, &rto, sizeof(rto)));
			FAILS(EINVAL, setsockopt(m.server, IPPROTO_SCTP, SCTP_ASSOCINFO, &parameters, sizeof(parameters)));
			FAILS(EINVAL, setsockopt(m.server, IPPROTO_SCTP, SCTP_PEER_ADDR_PARAMS, &path, sizeof(path)));
			FAILS(EINVAL, setsockopt(m.server, IPPROTO_SCTP, SCTP_MAXSEG, &segment, sizeof(segment)));
		}
	}
	CASE("B1-5", "sctp_opt_info reads the options of RFC 6458") {
		struct many m = many_pair();
		int names[] = { SCTP_DELAYED_SACK, SCTP_MAX_BURST, SCTP_CONTEXT, SCTP_EVENT, SCTP_DEFAULT_SNDINFO, SCTP_DEFAULT_PRINFO,
				SCTP_RTOINFO, SCTP_ASSOCINFO, SCTP_STATUS, SCTP_MAXSEG, SCTP_PEER_ADDR_PARAMS };
		socklen_t sizes[] = { sizeof(struct sctp_sack_info), sizeof(struct sctp_assoc_value), sizeof(struct sctp_assoc_value),
				      sizeof(struct sctp_event), sizeof(struct sctp_sndinfo), sizeof(struct sctp_default_prinfo),
				      sizeof(struct sctp_rtoinfo), sizeof(struct sctp_assocparams), sizeof(struct sctp_status),
				      sizeof(struct sctp_assoc_value), sizeof(struct sctp_paddrparams) };

		if (is_kernel())
			case_skipped("the library there knows fewer");
		for (unsigned each = 0; each < sizeof(names) / sizeof(names[0]); each++) {
			union {
				struct sctp_event event;
				struct sctp_status status;
				unsigned char octets[300];
			} room = { 0 };
			socklen_t len = sizes[each];

			if (names[each] == SCTP_EVENT)
				room.event.se_type = SCTP_ASSOC_CHANGE;
			EQ(0, sctp_opt_info(m.server, m.at_server, names[each], &room, &len));
			EQ(sizes[each], len);
		}
	}
	CASE("B1-7", "both spellings of adaptation mean the same") {
#ifdef MSG_SENDALL
		EQ(SCTP_ADAPTATION_LAYER, SCTP_ADAPTION_LAYER);
		EQ(sizeof(struct sctp_setadaptation), sizeof(struct sctp_setadaption));
		EQ(sizeof(struct sctp_adaptation_event), sizeof(struct sctp_adaption_event));
#else
		case_skipped("not in this header");
#endif
	}
	CASE("B2-1", "SCTP_SNDINFO sends as SCTP_SNDRCV does") {
		wire_start();
		struct many m = many_pair();
		uint32_t ppid;

		memcpy(&ppid, "abcd", 4);
		EQ(16, sizeof(struct sctp_sndinfo));
		EQ(1, with_snd(m.client, "x", (struct sctp_sndinfo){ 3, SCTP_UNORDERED, ppid, 9, m.at_client }));
		TEXT(m.server, "x");
		EQ(3, WIRE(DATA, 0)->value[5]);
		EQ(4, WIRE(DATA, 0)->flags & 4);
		EQ(0, memcmp(WIRE(DATA, 0)->value + 8, "abcd", 4));
	}
	CASE("B2-1", "a bad stream and an unknown flag are EINVAL") {
		struct many m = many_pair();

		FAILS(EINVAL, with_snd(m.client, "x", (struct sctp_sndinfo){ .snd_sid = 10, .snd_assoc_id = m.at_client }));
		FAILS(EINVAL, with_snd(m.client, "x", (struct sctp_sndinfo){ .snd_flags = 0x400, .snd_assoc_id = m.at_client }));
	}
	CASE("B2-2", "of SCTP_SNDRCV and SCTP_SNDINFO in one call the latter counts") {
		struct many m = many_pair();
		struct sctp_sndrcvinfo old = { .sinfo_stream = 1, .sinfo_assoc_id = m.at_client };
		struct sctp_sndinfo snd = { .snd_sid = 2, .snd_assoc_id = m.at_client };

		EQ(1, send_out(m.client, &(struct outgoing){ .data = "x", .len = 1, .sndrcv = &old, .snd = &snd }));
		EQ(2, TEXT(m.server, "x")->sndrcv.sinfo_stream);
	}
	CASE("B2-3 B2-4", "SCTP_RCVINFO comes with each message, with the context of SCTP_CONTEXT") {
		struct many m = many_pair();
		struct sctp_assoc_value context = { m.at_server, 77 };

		set_int(m.server, IPPROTO_SCTP, SCTP_RECVRCVINFO, 1);
		OK(setsockopt(m.server, IPPROTO_SCTP, SCTP_CONTEXT, &context, sizeof(context)));
		EQ(1, send_text(m.client, m.at_client, "x", 4, 0));
		struct message *got = TEXT(m.server, "x");
		EQ(1, got->has_rcv);
		EQ(4, got->rcv.rcv_sid);
		EQ(0, got->rcv.rcv_ssn);
		EQ(77, got->rcv.rcv_context);
		EQ(m.at_server, got->rcv.rcv_assoc_id);
		EQ(got->sndrcv.sinfo_tsn, got->rcv.rcv_tsn);
		OK(close(m.client));
		EQ(0, EVENT(m.server, SCTP_SHUTDOWN_EVENT)->items);
	}
	CASE("B2-5", "SCTP_NXTINFO tells of the next message") {
		struct many m = many_pair();

		set_int(m.server, IPPROTO_SCTP, SCTP_RECVNXTINFO, 1);
		EQ(3, send_text(m.client, m.at_client, "one", 1, 0));
		EQ(5, send_text(m.client, m.at_client, "three", 3, SCTP_UNORDERED));
		/* Nagle's algorithm keeps the second back. */
		usleep(500000);
		struct message *got = receive_within(m.server, 5000);
		EQ(1, got->has_next);
		EQ(got->len == 3 ? 3 : 1, got->next.nxt_sid);
		EQ(got->len == 3 ? 5 : 3, got->next.nxt_length);
		EQ(m.at_server, got->next.nxt_assoc_id);
		EQ(0, receive_within(m.server, 5000)->has_next);
	}
	CASE("B2-6", "the flags of SCTP_NXTINFO: unordered, a notification, and by the RFC complete") {
		struct many m = many_pair();
		int complete = is_personality("rfc") ? 0x20 : 0;

		set_int(m.client, IPPROTO_SCTP, SCTP_NODELAY, 1);
		set_int(m.server, IPPROTO_SCTP, SCTP_RECVNXTINFO, 1);
		EQ(1, send_text(m.client, m.at_client, "a", 0, 0));
		usleep(300000);
		EQ(1, send_text(m.client, m.at_client, "b", 0, SCTP_UNORDERED));
		usleep(300000);
		OK(close(m.client));
		usleep(300000);
		struct message *got = TEXT(m.server, "a");
		EQ(SCTP_UNORDERED | complete, got->next.nxt_flags);
		got = TEXT(m.server, "b");
		EQ(MSG_NOTIFICATION | complete, got->next.nxt_flags);
		EQ(12, got->next.nxt_length);
	}
	CASE("B2-7", "SCTP_PRINFO: reliable, a lifetime, and no other policy") {
		int ends[2];
		struct sctp_prinfo none = { SCTP_PR_SCTP_NONE, 0 }, life = { SCTP_PR_SCTP_TTL, 5000 }, bad = { 0x1234, 0 };

		tcp_pair(ends);
		EQ(1, send_item(ends[0], "n", IPPROTO_SCTP, SCTP_PRINFO, &none, sizeof(none)));
		EQ(1, send_item(ends[0], "l", IPPROTO_SCTP, SCTP_PRINFO, &life, sizeof(life)));
		FAILS(EINVAL, send_item(ends[0], "b", IPPROTO_SCTP, SCTP_PRINFO, &bad, sizeof(bad)));
		TEXT(ends[1], "n");
		TEXT(ends[1], "l");
	}
	CASE("B2-8", "SCTP_AUTHINFO is taken without effect where there is no authentication") {
		int ends[2];
		struct sctp_authinfo key = { 0 };

		tcp_pair(ends);
		EQ(1, send_item(ends[0], "x", IPPROTO_SCTP, SCTP_AUTHINFO, &key, sizeof(key)));
		TEXT(ends[1], "x");
	}
	CASE("B2-9", "SCTP_DSTADDRV4 is ignored on an association that is there, and must be long enough") {
		int ends[2];
		struct in_addr more = { htonl(0x7f000004) };
		struct sockaddr_in to = v4(1, port(0));
		char control[64] = { 0 };
		struct iovec iov = { "x", 1 };
		struct msghdr msg = { .msg_name = &to, .msg_namelen = sizeof(to), .msg_iov = &iov, .msg_iovlen = 1,
				      .msg_control = control, .msg_controllen = CMSG_SPACE(2) };
		struct cmsghdr *item = CMSG_FIRSTHDR(&msg);

		tcp_pair(ends);
		EQ(1, send_item(ends[0], "x", IPPROTO_SCTP, SCTP_DSTADDRV4, &more, sizeof(more)));
		TEXT(ends[1], "x");
		item->cmsg_level = IPPROTO_SCTP;
		item->cmsg_type = SCTP_DSTADDRV4;
		item->cmsg_len = CMSG_LEN(2);
		FAILS(EINVAL, sendmsg(many_style(), &msg, MSG_NOSIGNAL));
	}
	CASE("B5-1 B5-4", "sctp_sendv with each kind of information") {
		struct many m = many_pair();
		struct iovec iov = { "x", 1 };
		struct sockaddr_in to = v4(1, port(8));
		struct sctp_sndinfo snd = { .snd_sid = 2, .snd_ppid = 7, .snd_assoc_id = m.at_client };
		struct sctp_prinfo pr = { SCTP_PR_SCTP_TTL, 5000 };
		struct sctp_authinfo auth = { 0 };
		struct sctp_sendv_spa spa = { .sendv_flags = SCTP_SEND_SNDINFO_VALID | SCTP_SEND_PRINFO_VALID, .sendv_sndinfo = snd,
					      .sendv_prinfo = pr };

		EQ(1, sctp_sendv(m.client, &iov, 1, (struct sockaddr *)&to, 1, NULL, 0, SCTP_SENDV_NOINFO, 0));
		EQ(0, TEXT(m.server, "x")->sndrcv.sinfo_stream);
		EQ(1, sctp_sendv(m.client, &iov, 1, NULL, 0, &snd, sizeof(snd), SCTP_SENDV_SNDINFO, 0));
		EQ(2, TEXT(m.server, "x")->sndrcv.sinfo_stream);
		EQ(1, sctp_sendv(m.client, &iov, 1, (struct sockaddr *)&to, 1, &pr, sizeof(pr), SCTP_SENDV_PRINFO, 0));
		TEXT(m.server, "x");
		EQ(1, sctp_sendv(m.client, &iov, 1, (struct sockaddr *)&to, 1, &auth, sizeof(auth), SCTP_SENDV_AUTHINFO, 0));
		TEXT(m.server, "x");
		EQ(1, sctp_sendv(m.client, &iov, 1, NULL, 0, &spa, sizeof(spa), SCTP_SENDV_SPA, 0));
		EQ(7, TEXT(m.server, "x")->sndrcv.sinfo_ppid);
		snd.snd_flags = SCTP_ADDR_OVER;
		EQ(1, sctp_sendv(m.client, &iov, 1, (struct sockaddr *)&to, 1, &snd, sizeof(snd), SCTP_SENDV_SNDINFO, 0));
		TEXT(m.server, "x");
	}
	CASE("B5-2", "sctp_sendv begins an association over several addresses, with both styles") {
		struct sockaddr_in list[2] = { v4(1, port(0)), v4(2, port(0)) };
		struct iovec iov = { "x", 1 };
		int server = listening(SOCK_SEQPACKET, 0);

		EQ(1, sctp_sendv(many_style(), &iov, 1, (struct sockaddr *)list, 2, NULL, 0, SCTP_SENDV_NOINFO, 0));
		TEXT(server, "x");
		EQ(1, sctp_sendv(tcp_style(), &iov, 1, (struct sockaddr *)list, 2, NULL, 0, SCTP_SENDV_NOINFO, 0));
		TEXT(server, "x");
	}
	RFC_CASE("B5-3", "sctp_sendv gives the id of the association that it has begun") {
		struct sockaddr_in to = v4(1, port(0));
		struct iovec iov = { "x", 1 };
		struct sctp_sndinfo snd = { 0 };
		int server = listening(SOCK_SEQPACKET, 0), client = many_style();

		subscribe_to(client, SCTP_ASSOC_CHANGE, 1);
		EQ(1, sctp_sendv(client, &iov, 1, (struct sockaddr *)&to, 1, &snd, sizeof(snd), SCTP_SENDV_SNDINFO, 0));
		EQ(CHANGE(client, SCTP_COMM_UP)->event.sn_assoc_change.sac_assoc_id, snd.snd_assoc_id);
		TEXT(server, "x");
	}
	LINUX_CASE("B5-3", "sctp_sendv leaves its information alone") {
		struct sockaddr_in to = v4(1, port(0));
		struct iovec iov = { "x", 1 };
		struct sctp_sndinfo snd = { 0 };
		int server = listening(SOCK_SEQPACKET, 0);

		EQ(1, sctp_sendv(many_style(), &iov, 1, (struct sockaddr *)&to, 1, &snd, sizeof(snd), SCTP_SENDV_SNDINFO, 0));
		EQ(0, snd.snd_assoc_id);
		TEXT(server, "x");
	}
	CASE("B5-5", "sctp_sendv with SCTP_EOF and no data ends the association") {
		struct many m = many_pair();
		struct sctp_sndinfo snd = { .snd_flags = SCTP_EOF, .snd_assoc_id = m.at_client };

		EQ(0, sctp_sendv(m.client, NULL, 0, NULL, 0, &snd, sizeof(snd), SCTP_SENDV_SNDINFO, 0));
		CHANGE(m.client, SCTP_SHUTDOWN_COMP);
	}
	CASE("B5-6", "errors of sctp_sendv") {
		int ends[2];
		struct iovec iov = { "x", 1 };
		struct sctp_sndinfo snd = { 0 };
		struct sockaddr bad = { .sa_family = 77 };

		tcp_pair(ends);
		if (!is_kernel())
			FAILS(EINVAL, sctp_sendv(ends[0], &iov, 1, NULL, 0, &snd, sizeof(snd) - 1, SCTP_SENDV_SNDINFO, 0));
		FAILS(EINVAL, sctp_sendv(ends[0], &iov, 1, NULL, 0, &snd, sizeof(snd), 99, 0));
		if (!is_kernel())
			FAILS(EINVAL, sctp_sendv(ends[0], &iov, 1, &bad, 1, NULL, 0, SCTP_SENDV_NOINFO, 0));
	}
	CASE("B5-7 B5-8 B5-9", "sctp_recvv tells what was asked for and what there is room for") {
		int ends[2], flags = MSG_PEEK;
		struct sctp_recvv_rn both;
		socklen_t len = sizeof(both);
		unsigned kind = 99;
		struct iovec iov = { byte, sizeof(byte) };

		tcp_pair(ends);
		EQ(1, send_text(ends[0], 0, "a", 1, 0));
		EQ(2, send_text(ends[0], 0, "bb", 2, 0));
		usleep(500000);
		EQ(44, sizeof(both));
		EQ(1, sctp_recvv(ends[1], &iov, 1, NULL, NULL, &both, &len, &kind, &flags));
		EQ(SCTP_RECVV_NOINFO, kind);
		EQ(MSG_EOR, flags & MSG_EOR);
		set_int(ends[1], IPPROTO_SCTP, SCTP_RECVRCVINFO, 1);
		len = sizeof(both);
		flags = MSG_PEEK;
		EQ(1, sctp_recvv(ends[1], &iov, 1, NULL, NULL, &both, &len, &kind, &flags));
		EQ(SCTP_RECVV_RCVINFO, kind);
		EQ(sizeof(struct sctp_rcvinfo), len);
		EQ(1, both.recvv_rcvinfo.rcv_sid);
		set_int(ends[1], IPPROTO_SCTP, SCTP_RECVNXTINFO, 1);
		len = 4;
		flags = MSG_PEEK;
		EQ(1, sctp_recvv(ends[1], &iov, 1, NULL, NULL, &both, &len, &kind, &flags));
		EQ(SCTP_RECVV_NOINFO, kind);
		len = sizeof(both);
		flags = 0;
		EQ(1, sctp_recvv(ends[1], &iov, 1, NULL, NULL, &both, &len, &kind, &flags));
		EQ(SCTP_RECVV_RN, kind);
		EQ(2, both.recvv_nxtinfo.nxt_sid);
		EQ(2, both.recvv_nxtinfo.nxt_length);
		flags = 0;
		len = sizeof(both);
		EQ(2, sctp_recvv(ends[1], &iov, 1, NULL, NULL, &both, &len, &kind, &flags));
		EQ(SCTP_RECVV_RCVINFO, kind);
	}
	CASE("B5-9", "sctp_recvv shows notifications by the flags") {
		int server = listening(SOCK_SEQPACKET, 0), flags = 0;
		struct iovec iov = { byte, sizeof(byte) };
		struct sctp_rcvinfo info;
		socklen_t len = sizeof(info);
		unsigned kind = 0;

		subscribe_to(server, SCTP_ASSOC_CHANGE, 1);
		OK(connect_to(tcp_style(), 0));
		EQ(20, sctp_recvv(server, &iov, 1, NULL, NULL, &info, &len, &kind, &flags));
		EQ(MSG_NOTIFICATION | MSG_EOR, flags & (MSG_NOTIFICATION | MSG_EOR));
	}
	return cases_done();
}
