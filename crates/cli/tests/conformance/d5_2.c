/* Sections 5.1, 5.2 and 5.4 of the draft: messages, and the items that go with them. */
#include "conform.h"

static ssize_t with(int fd, sctp_assoc_t id, const char *text, struct sctp_sndrcvinfo info)
{
	info.sinfo_assoc_id = id;
	return send_out(fd, &(struct outgoing){ .data = text, .len = strlen(text), .sndrcv = &info });
}

static int word(const unsigned char *at)
{
	return at[0] << 8 | at[1];
}

int main(void)
{
	CASE("D5.1-1", "msghdr and cmsghdr are the system's") {
		EQ(8, sizeof(((struct msghdr *)0)->msg_controllen));
		EQ(8, sizeof(((struct cmsghdr *)0)->cmsg_len));
	}
	CASE("D5.1-2", "the vectors of a call are one message, also when receiving") {
		struct many m = many_pair();
		struct sctp_sndrcvinfo info = { .sinfo_assoc_id = m.at_client };
		char control[CMSG_SPACE(sizeof(info))] = { 0 }, one[4], two[8];
		struct iovec out[3] = { { "ab", 2 }, { "", 0 }, { "cdefg", 5 } }, in[2] = { { one, 4 }, { two, 8 } };
		struct msghdr msg = { .msg_iov = out, .msg_iovlen = 3, .msg_control = control, .msg_controllen = sizeof(control) };
		struct cmsghdr *item = CMSG_FIRSTHDR(&msg);

		item->cmsg_level = IPPROTO_SCTP;
		item->cmsg_type = SCTP_SNDRCV;
		item->cmsg_len = CMSG_LEN(sizeof(info));
		memcpy(CMSG_DATA(item), &info, sizeof(info));
		EQ(7, sendmsg(m.client, &msg, 0));
		msg = (struct msghdr){ .msg_iov = in, .msg_iovlen = 2 };
		EQ(7, recvmsg(m.server, &msg, 0));
		EXPECT(msg.msg_flags & MSG_EOR);
		EXPECT(memcmp(one, "abcd", 4) == 0 && memcmp(two, "efg", 3) == 0);
	}
	CASE("D5.1-3", "msg_flags of a send changes nothing") {
		int ends[2];
		struct iovec iov = { "x", 1 };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_flags = -1 };

		tcp_pair(ends);
		EQ(1, sendmsg(ends[0], &msg, 0));
		TEXT(ends[1], "x");
	}
	CASE("D5.1-4 D5.1-5 D5.1-6 D5.3-1", "notifications have MSG_NOTIFICATION and MSG_EOR, data has not the first") {
		int server = listening(SOCK_SEQPACKET, 0), client = tcp_style();

		EQ(0x8000, MSG_NOTIFICATION);
		subscribe_to(server, SCTP_ASSOC_CHANGE, 1);
		OK(connect_to(client, 0));
		EQ(MSG_NOTIFICATION | MSG_EOR, RECEIVE(server)->flags);
		EQ(1, send(client, "x", 1, 0));
		EQ(MSG_EOR, RECEIVE(server)->flags);
	}
	CASE("D5.2-1 D5.2-5 D5.2.2-1", "an item has the level IPPROTO_SCTP, and comes when it is enabled") {
		struct many m = many_pair();

		EQ(32, sizeof(struct sctp_sndrcvinfo));
		EQ(1, SCTP_SNDRCV);
		EQ(1, send_text(m.client, m.at_client, "x", 0, 0));
		struct message *got = TEXT(m.server, "x");
		EQ(1, got->has_sndrcv);
		EQ(1, got->items);
		subscribe_to(m.server, SCTP_DATA_IO_EVENT, 0);
		EQ(1, send_text(m.client, m.at_client, "y", 0, 0));
		EQ(0, TEXT(m.server, "y")->items);
	}
	CASE("D5.2-3", "by default a one-to-one socket gives no items") {
		int ends[2];

		tcp_pair(ends);
		EQ(1, send(ends[0], "x", 1, 0));
		EQ(0, TEXT(ends[1], "x")->control_len);
	}
	CASE("D5.2-6", "items have fixed lengths") {
		EQ(8, sizeof(struct sctp_initmsg));
		EQ(32, sizeof(struct sctp_sndrcvinfo));
		EQ(16, sizeof(struct sctp_sndinfo));
		EQ(28, sizeof(struct sctp_rcvinfo));
	}
	CASE("D5.2-7", "addresses in structures are sockaddr_storage") {
		EQ(128, sizeof(((struct sctp_paddr_change *)0)->spc_aaddr));
		EQ(128, sizeof(((struct sctp_paddrinfo *)0)->spinfo_address));
	}
	CASE("D5.2-8 D5.4.1-1", "items of other levels are passed over") {
		int ends[2], value = 1;

		tcp_pair(ends);
		EQ(1, send_item(ends[0], "x", SOL_SOCKET, 77, &value, sizeof(value)));
		TEXT(ends[1], "x");
	}
	CASE("D5.2-9", "a control buffer that is too small: MSG_CTRUNC, and the data whole") {
		struct many m = many_pair();
		char control[20], data[16];
		struct iovec iov = { data, sizeof(data) };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };

		EQ(5, send_text(m.client, m.at_client, "whole", 0, 0));
		EQ(5, recvmsg(m.server, &msg, 0));
		EXPECT(msg.msg_flags & MSG_CTRUNC);
		EXPECT(msg.msg_flags & MSG_EOR);
		EQ(20, msg.msg_controllen);
		EQ(0, memcmp(data, "whole", 5));
	}
	CASE("D5.2-10", "malformed items are EINVAL, and nothing is sent") {
		int ends[2];
		char room[64] = { 0 };

		tcp_pair(ends);
		FAILS(EINVAL, send_item(ends[0], "x", IPPROTO_SCTP, SCTP_SNDRCV, room, 31));
		FAILS(EINVAL, send_item(ends[0], "x", IPPROTO_SCTP, SCTP_SNDRCV, room, 33));
		FAILS(EINVAL, send_item(ends[0], "x", IPPROTO_SCTP, SCTP_INIT, room, 4));
		FAILS(EINVAL, send_item(ends[0], "x", IPPROTO_SCTP, 99, room, 4));
		FAILS(EINVAL, send_item(ends[0], "x", IPPROTO_SCTP, SCTP_RCVINFO, room, sizeof(struct sctp_rcvinfo)));
		struct cmsghdr *item = (struct cmsghdr *)room;
		struct iovec iov = { "x", 1 };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = CMSG_SPACE(32) };
		item->cmsg_level = IPPROTO_SCTP;
		item->cmsg_type = SCTP_SNDRCV;
		item->cmsg_len = 200;
		FAILS(EINVAL, sendmsg(ends[0], &msg, MSG_NOSIGNAL));
		QUIET(ends[1], 50);
	}
	CASE("D5.2.1-1", "SCTP_INIT is item 0 with four 16-bit numbers") {
		EQ(0, SCTP_INIT);
		EQ(8, sizeof(struct sctp_initmsg));
		EQ(2, sizeof(((struct sctp_initmsg *)0)->sinit_num_ostreams));
	}
	CASE("D5.2.1-2", "SCTP_INIT is never received") {
		int server = listening(SOCK_SEQPACKET, 0), client = many_style();
		struct sockaddr_in to = v4(1, port(0));
		struct sctp_initmsg init = { .sinit_num_ostreams = 7 };

		subscribe_to(server, SCTP_DATA_IO_EVENT, 1);
		EQ(1, send_out(client, &(struct outgoing){ .data = "x", .len = 1, .to = (void *)&to, .to_len = 16, .init = &init }));
		struct message *got = TEXT(server, "x");
		EQ(1, got->items);
		EQ(1, got->has_sndrcv);
	}
	CASE("D5.2.1-3 D5.3.1.1-10", "the streams that are asked for are negotiated") {
		int server = bound(SOCK_SEQPACKET, 0), client = many_style();
		struct sockaddr_in to = v4(1, port(0));
		struct sctp_initmsg ten = { .sinit_max_instreams = 10 }, hundred = { .sinit_num_ostreams = 100 };

		OK(setsockopt(server, IPPROTO_SCTP, SCTP_INITMSG, &ten, sizeof(ten)));
		OK(listen(server, 1));
		subscribe_to(client, SCTP_ASSOC_CHANGE, 1);
		EQ(1, send_out(client, &(struct outgoing){ .data = "x", .len = 1, .to = (void *)&to, .to_len = 16, .init = &hundred }));
		struct sctp_assoc_change change = CHANGE(client, SCTP_COMM_UP)->event.sn_assoc_change;
		EQ(10, change.sac_outbound_streams);
		EQ(10, change.sac_inbound_streams);
		struct sctp_status status = { .sstat_assoc_id = change.sac_assoc_id };
		socklen_t len = sizeof(status);
		OK(getsockopt(client, IPPROTO_SCTP, SCTP_STATUS, &status, &len));
		EQ(10, status.sstat_outstrms);
		EQ(10, status.sstat_instrms);
	}
	CASE("D5.2.1-4 D5.2.1-7", "the largest number of inbound streams is told, and 0 is the socket's value") {
		wire_start();
		struct sctp_initmsg some = { .sinit_max_instreams = 77 }, zero = { 0 };
		struct sockaddr_in to = v4(1, port(0));
		int server = listening(SOCK_SEQPACKET, 0);

		EQ(1, send_out(many_style(), &(struct outgoing){ .data = "x", .len = 1, .to = (void *)&to, .to_len = 16, .init = &some }));
		TEXT(server, "x");
		EQ(77, word(WIRE(INIT, 0)->value + 10));
		EQ(1, send_out(many_style(), &(struct outgoing){ .data = "x", .len = 1, .to = (void *)&to, .to_len = 16, .init = &zero }));
		TEXT(server, "x");
		EQ(10, word(WIRE(INIT, 1)->value + 8));
		EQ(65535, word(WIRE(INIT, 1)->value + 10));
	}
	CASE("D5.2.1-6", "sinit_max_init_timeo bounds the resends, not the first wait") {
		struct silence quiet_peer = silence();
		struct sockaddr_in to = v4(quiet_peer.host, port(0));
		struct sctp_initmsg init = { .sinit_max_attempts = 3, .sinit_max_init_timeo = 100 };
		struct sctp_rtoinfo rto = { .srto_initial = 1000, .srto_min = 1000, .srto_max = 60000 };
		int fd = tcp_style();

		OK(setsockopt(fd, IPPROTO_SCTP, SCTP_INITMSG, &init, sizeof(init)));
		OK(setsockopt(fd, IPPROTO_SCTP, SCTP_RTOINFO, &rto, sizeof(rto)));
		double begun = seconds();
		FAILS(ETIMEDOUT, connect(fd, SA(to)));
		EXPECT(seconds() - begun >= 1.2 && seconds() - begun < 5);
		EQ(4, silence_heard(&quiet_peer, INIT));
	}
	CASE("D5.2.1-8", "on an association that is there the item is ignored") {
		wire_start();
		struct many m = many_pair();
		struct sockaddr_in to = v4(1, port(8));
		struct sctp_initmsg init = { .sinit_num_ostreams = 3 };

		EQ(1, send_out(m.client, &(struct outgoing){ .data = "x", .len = 1, .to = (void *)&to, .to_len = 16, .init = &init }));
		TEXT(m.server, "x");
		EQ(1, wire_count(INIT));
	}
	CASE("D5.2.2-2 D5.2.2-3", "the stream is the one asked for, and an invalid one is EINVAL") {
		struct many m = many_pair();

		EQ(1, send_text(m.client, m.at_client, "x", 3, 0));
		EQ(3, TEXT(m.server, "x")->sndrcv.sinfo_stream);
		FAILS(EINVAL, send_text(m.client, m.at_client, "x", 10, 0));
		FAILS(EINVAL, send_text(m.client, m.at_client, "x", 65535, 0));
		QUIET(m.server, 50);
	}
	CASE("D5.2.2-4 D5.2.2-5 D5.2.2-32", "stream sequence numbers count per stream, and are ignored when sending") {
		wire_start();
		struct many m = many_pair();

		for (int each = 0; each < 3; each++)
			EQ(1, with(m.client, m.at_client, "x", (struct sctp_sndrcvinfo){
				.sinfo_stream = 2, .sinfo_ssn = 999, .sinfo_tsn = 5, .sinfo_cumtsn = 9 }));
		EQ(1, send_text(m.client, m.at_client, "y", 1, 0));
		for (int each = 0; each < 3; each++) {
			struct sctp_sndrcvinfo got = TEXT(m.server, "x")->sndrcv;
			const unsigned char *value = WIRE(DATA, each)->value;
			EQ(each, got.sinfo_ssn);
			EQ(got.sinfo_tsn, (uint32_t)(value[0] << 24 | value[1] << 16 | value[2] << 8 | value[3]));
		}
		EQ(0, TEXT(m.server, "y")->sndrcv.sinfo_ssn);
	}
	CASE("D5.2.2-6", "the payload protocol identifier passes as it is in memory") {
		wire_start();
		struct many m = many_pair();
		struct sctp_sndrcvinfo info = { 0 };

		memcpy(&info.sinfo_ppid, "abcd", 4);
		EQ(1, with(m.client, m.at_client, "x", info));
		EQ(0, memcmp(&TEXT(m.server, "x")->sndrcv.sinfo_ppid, "abcd", 4));
		EQ(0, memcmp(WIRE(DATA, 0)->value + 8, "abcd", 4));
	}
	CASE("D5.2.2-7 D5.3.1.4-6 D5.3.1.4-7", "the context comes back with what could not be sent") {
		int client = many_style();
		struct sockaddr_in to = v4(1, port(1));

		nonblocking(client);
		subscribe_to(client, SCTP_SEND_FAILED, 1);
		for (uint32_t each = 1; each <= 3; each++) {
			struct sctp_sndrcvinfo info = { .sinfo_context = each, .sinfo_stream = (uint16_t)each, .sinfo_ppid = 7 };
			EQ(1, send_out(client, &(struct outgoing){ .data = "x", .len = 1, .to = (void *)&to, .to_len = 16, .sndrcv = &info }));
			struct sctp_send_failed failed = EVENT(client, SCTP_SEND_FAILED)->event.sn_send_failed;
			EQ(each, failed.ssf_info.sinfo_context);
			EQ(each, failed.ssf_info.sinfo_stream);
			EQ(7, failed.ssf_info.sinfo_ppid);
			EQ(3, failed.ssf_info.sinfo_flags & 3);
			EQ(0, failed.ssf_assoc_id);
		}
	}
	CASE("D5.2.2-8", "a received context is that of SCTP_CONTEXT, 0 by default") {
		struct many m = many_pair();
		struct sctp_assoc_value context = { m.at_server, 77 };

		EQ(1, with(m.client, m.at_client, "x", (struct sctp_sndrcvinfo){ .sinfo_context = 5 }));
		EQ(0, TEXT(m.server, "x")->sndrcv.sinfo_context);
		OK(setsockopt(m.server, IPPROTO_SCTP, SCTP_CONTEXT, &context, sizeof(context)));
		EQ(1, with(m.client, m.at_client, "x", (struct sctp_sndrcvinfo){ .sinfo_context = 5 }));
		EQ(77, TEXT(m.server, "x")->sndrcv.sinfo_context);
	}
	CASE("D5.2.2-9", "unknown flags are EINVAL") {
		struct many m = many_pair();

		FAILS(EINVAL, send_text(m.client, m.at_client, "x", 0, 0x80));
		FAILS(EINVAL, send_text(m.client, m.at_client, "x", 0, 0x400));
		FAILS(EINVAL, send_text(m.client, m.at_client, "x", 0, 0x2000));
		FAILS(EINVAL, send_text(m.client, m.at_client, "x", 0, 0x8000));
	}
	CASE("D5.2.2-10 D5.2.2-11 D5.2.2-28 DA-9", "unordered both ways, and a received item can be sent back") {
		wire_start();
		struct many m = many_pair();

		EQ(1, send_text(m.client, m.at_client, "u", 1, SCTP_UNORDERED));
		EQ(1, send_text(m.client, m.at_client, "o", 1, 0));
		struct message got = *TEXT(m.server, "u");
		EQ(SCTP_UNORDERED, got.sndrcv.sinfo_flags);
		EQ(4, WIRE(DATA, 0)->flags & 4);
		EQ(0, TEXT(m.server, "o")->sndrcv.sinfo_flags);
		EQ(0, WIRE(DATA, 1)->flags & 4);
		EQ(1, send_out(m.server, &(struct outgoing){ .data = "b", .len = 1, .sndrcv = &got.sndrcv }));
		struct message *back = TEXT(m.client, "b");
		EQ(SCTP_UNORDERED, back->sndrcv.sinfo_flags);
		EQ(1, back->sndrcv.sinfo_stream);
	}
	CASE("D5.2.2-14", "SCTP_ADDR_OVER needs an address") {
		struct many m = many_pair();
		int ends[2];

		tcp_pair(ends);
		FAILS(EINVAL, send_text(m.client, m.at_client, "x", 0, SCTP_ADDR_OVER));
		FAILS(EINVAL, send_text(ends[0], 0, "x", 0, SCTP_ADDR_OVER));
	}
	CASE("D5.2.2-15 D5.2.2-20", "SCTP_ABORT and SCTP_EOF are not for one-to-one sockets, but for branched-off ones") {
		int ends[2];
		struct many m = many_pair();
		sctp_assoc_t at_server, at_client;
		int second = more_client(&m, &at_server, &at_client);

		tcp_pair(ends);
		FAILS(EINVAL, send_text(ends[0], 0, "", 0, SCTP_ABORT));
		FAILS(EINVAL, send_text(ends[0], 0, "", 0, SCTP_EOF));
		EQ(0, send_text(OK(sctp_peeloff(m.server, m.at_server)), 0, "", 0, SCTP_ABORT));
		CHANGE(m.client, SCTP_COMM_LOST);
		EQ(0, send_text(OK(sctp_peeloff(m.server, at_server)), 0, "", 0, SCTP_EOF));
		EVENT(second, SCTP_SHUTDOWN_EVENT);
	}
	CASE("D5.2.2-15 D5.3.1.1-9", "the one who aborts is told too, with cause 12 in network order and nothing more") {
		struct many m = many_pair();

		EQ(0, send_text(m.server, m.at_server, "bye", 0, SCTP_ABORT));
		struct sctp_assoc_change change = CHANGE(m.server, SCTP_COMM_LOST)->event.sn_assoc_change;
		EQ(20, change.sac_length);
		EQ(12, ntohs(change.sac_error));
	}
	CASE("D5.2.2-18", "an ABORT without data has an empty cause 12") {
		wire_start();
		struct many m = many_pair();

		EQ(0, send_text(m.server, m.at_server, "", 0, SCTP_ABORT));
		EQ(8, WIRE(ABORT, 0)->len);
		EQ(0, memcmp(WIRE(ABORT, 0)->value, "\x00\x0c\x00\x04", 4));
	}
	CASE("D5.2.2-19", "a reason that no ABORT can hold is refused") {
		struct many m = many_pair();
		struct sctp_sndrcvinfo info = { .sinfo_assoc_id = m.at_client, .sinfo_flags = SCTP_ABORT };

		EQ(-1, send_out(m.client, &(struct outgoing){ .data = pattern(70000), .len = 70000, .sndrcv = &info }));
		EXPECT(errno == (is_kernel() ? ENOMEM : EMSGSIZE));
		EQ(SCTP_ESTABLISHED, state_of(m.client, m.at_client));
	}
	CASE("D5.2.2-22", "SCTP_EOF goes with no data") {
		struct many m = many_pair();

		FAILS(EINVAL, send_text(m.client, m.at_client, "x", 0, SCTP_EOF));
		QUIET(m.server, 50);
	}
	CASE("D5.2.2-23 D5.2.2-27", "SCTP_SENDALL sends to all, and returns the length once") {
		struct many m = many_pair();
		sctp_assoc_t at_server, at_client;
		int second = more_client(&m, &at_server, &at_client), third = more_client(&m, &at_server, &at_client);
		struct sctp_sndrcvinfo info = { .sinfo_flags = SCTP_SENDALL };
		struct outgoing out = { .data = "all", .len = 3, .sndrcv = &info };

		EQ(3, send_out(m.server, &out));
		TEXT(m.client, "all");
		TEXT(second, "all");
		TEXT(third, "all");
		EQ(0, send_out(many_style(), &out));
		out.len = 0;
		FAILS(EINVAL, send_out(m.server, &out));
	}
	CASE("D5.2.2-24", "SCTP_SENDALL means nothing on a one-to-one socket") {
		int ends[2];

		tcp_pair(ends);
		EQ(1, send_text(ends[0], 0, "x", 0, SCTP_SENDALL));
		TEXT(ends[1], "x");
		QUIET(ends[1], 50);
	}
	CASE("D5.2.2-25 B1-6", "the draft's names of the flags are those of RFC 6458") {
		EQ(1, SCTP_UNORDERED);
		EQ(2, SCTP_ADDR_OVER);
		EQ(4, SCTP_ABORT);
		EQ(0x200, SCTP_EOF);
		EQ(0x40, SCTP_SENDALL);
#if defined(MSG_UNORDERED) && defined(MSG_SENDALL)
		EQ(SCTP_UNORDERED, MSG_UNORDERED);
		EQ(SCTP_ADDR_OVER, MSG_ADDR_OVER);
		EQ(SCTP_ABORT, MSG_ABORT);
		EQ(SCTP_EOF, MSG_EOF);
		EQ(SCTP_SENDALL, MSG_SENDALL);
#else
		case_skipped("not in this header");
#endif
	}
	CASE("D5.2.2-26", "SCTP_SENDALL with SCTP_EOF or SCTP_ABORT ends all") {
		for (int way = 0; way < 2; way++) {
			struct many m = { .server = listening(SOCK_SEQPACKET, 8) };
			sctp_assoc_t id;

			subscribe(m.server);
			int one = more_client(&m, &id, &id), two = more_client(&m, &id, &id);
			struct sctp_sndrcvinfo info = { .sinfo_flags = SCTP_SENDALL | (way ? SCTP_ABORT : SCTP_EOF) };
			EQ(0, send_out(m.server, &(struct outgoing){ .data = "", .sndrcv = &info }));
			if (way) {
				CHANGE(one, SCTP_COMM_LOST);
				CHANGE(two, SCTP_COMM_LOST);
			} else {
				EVENT(one, SCTP_SHUTDOWN_EVENT);
				EVENT(two, SCTP_SHUTDOWN_EVENT);
			}
			OK(close(m.server));
			usleep(200000);
		}
	}
	CASE("D5.2.2-29 D5.3.1.4-2", "what is not sent within its lifetime comes back unsent") {
		int server = bound(SOCK_STREAM, 0), client = tcp_style();

		set_int(server, SOL_SOCKET, SO_RCVBUF, 5000);
		OK(listen(server, 1));
		OK(connect_to(client, 0));
		for (int each = 0; each < 12; each++)
			EQ(2000, send(client, pattern(2000), 2000, 0));
		subscribe_to(client, SCTP_SEND_FAILED, 1);
		EQ(5, with(client, 0, "stale", (struct sctp_sndrcvinfo){ .sinfo_timetolive = 100, .sinfo_context = 9 }));
		EQ(5, with(client, 0, "fresh", (struct sctp_sndrcvinfo){ 0 }));
		usleep(300000);
		int accepted = OK(accept(server, NULL, NULL));
		for (int each = 0; each < 12; each++)
			EQ(2000, RECEIVE(accepted)->len);
		TEXT(accepted, "fresh");
		struct message *got = EVENT(client, SCTP_SEND_FAILED);
		EQ(SCTP_DATA_UNSENT, got->event.sn_send_failed.ssf_flags);
		EQ(9, got->event.sn_send_failed.ssf_info.sinfo_context);
		EQ(0, memcmp(got->data + sizeof(struct sctp_send_failed), "stale", 5));
	}
	LINUX_CASE("D5.2.2-33", "the cumulative TSN comes with unordered messages") {
		struct many m = many_pair();

		EQ(1, send_text(m.client, m.at_client, "o", 0, 0));
		EQ(0, TEXT(m.server, "o")->sndrcv.sinfo_cumtsn);
		EQ(1, send_text(m.client, m.at_client, "u", 0, SCTP_UNORDERED));
		struct message *got = TEXT(m.server, "u");
		EQ(got->sndrcv.sinfo_tsn, got->sndrcv.sinfo_cumtsn);
	}
	RFC_CASE("D5.2.2-33", "the cumulative TSN comes with every message") {
		struct many m = many_pair();

		for (int each = 0; each < 2; each++) {
			EQ(1, send_text(m.client, m.at_client, "x", 0, each ? SCTP_UNORDERED : 0));
			struct message *got = TEXT(m.server, "x");
			EQ(got->sndrcv.sinfo_tsn, got->sndrcv.sinfo_cumtsn);
		}
	}
	CASE("D5.2.2-34", "the id is that of COMM_UP, and is ignored on one-to-one sockets") {
		struct many m = many_pair();
		int ends[2];

		tcp_pair(ends);
		EQ(1, send_text(m.client, m.at_client, "x", 0, 0));
		EQ(m.at_server, TEXT(m.server, "x")->sndrcv.sinfo_assoc_id);
		EQ(1, send_text(ends[0], 12345, "x", 0, 0));
		TEXT(ends[1], "x");
	}
	CASE("D5.2.2-35", "items belong to the data of their call") {
		struct many m = many_pair();

		EQ(1, send_text(m.client, m.at_client, "a", 1, 0));
		EQ(1, send_text(m.client, m.at_client, "b", 2, 0));
		EQ(1, TEXT(m.server, "a")->sndrcv.sinfo_stream);
		EQ(2, TEXT(m.server, "b")->sndrcv.sinfo_stream);
		OK(close(m.client));
		EQ(0, EVENT(m.server, SCTP_SHUTDOWN_EVENT)->items);
	}
	CASE("D5.4.1-2 D5.4.1-3", "the order of items means nothing, and the last of two of a kind counts") {
		struct many m = many_pair();
		struct sctp_sndrcvinfo first = { .sinfo_assoc_id = m.at_client, .sinfo_stream = 1 }, last = first;
		char control[2 * CMSG_SPACE(sizeof(first))] = { 0 };
		struct iovec iov = { "x", 1 };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
		struct cmsghdr *item = CMSG_FIRSTHDR(&msg);

		last.sinfo_stream = 2;
		for (int each = 0; each < 2; each++) {
			item->cmsg_level = IPPROTO_SCTP;
			item->cmsg_type = SCTP_SNDRCV;
			item->cmsg_len = CMSG_LEN(sizeof(first));
			memcpy(CMSG_DATA(item), each ? &last : &first, sizeof(first));
			item = (struct cmsghdr *)((char *)item + CMSG_SPACE(sizeof(first)));
		}
		EQ(1, sendmsg(m.client, &msg, 0));
		struct message *got = TEXT(m.server, "x");
		EQ(2, got->sndrcv.sinfo_stream);
		EQ(1, got->has_sndrcv);
	}
	CASE("D5.4.2-1 D5.4.2-2 D5.4.3-1 D5.4.3-2", "the macros walk the items, and the appendices' buffer is enough") {
		struct many m = many_pair();
		union {
			struct cmsghdr align;
			char octets[sizeof(struct cmsghdr) + sizeof(struct sctp_sndrcvinfo)];
		} control;
		char data[8], large[CMSG_SPACE(sizeof(struct sctp_sndrcvinfo)) + CMSG_SPACE(sizeof(struct sctp_rcvinfo))];
		struct iovec iov = { data, sizeof(data) };
		struct msghdr msg = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof(control) };
		int count = 0;

		EQ(1, send_text(m.client, m.at_client, "x", 0, 0));
		EQ(1, send_text(m.client, m.at_client, "y", 0, 0));
		EQ(1, recvmsg(m.server, &msg, 0));
		EXPECT(!(msg.msg_flags & MSG_CTRUNC));
		EQ(SCTP_SNDRCV, CMSG_FIRSTHDR(&msg)->cmsg_type);
		EQ(CMSG_LEN(sizeof(struct sctp_sndrcvinfo)), CMSG_FIRSTHDR(&msg)->cmsg_len);
		set_int(m.server, IPPROTO_SCTP, SCTP_RECVRCVINFO, 1);
		msg.msg_control = large;
		msg.msg_controllen = sizeof(large);
		EQ(1, recvmsg(m.server, &msg, 0));
		EXPECT(!(msg.msg_flags & MSG_CTRUNC));
		for (struct cmsghdr *item = CMSG_FIRSTHDR(&msg); item != NULL; item = CMSG_NXTHDR(&msg, item))
			count++;
		EQ(2, count);
		EQ(sizeof(large), msg.msg_controllen);
		subscribe_to(m.server, SCTP_DATA_IO_EVENT, 0);
		set_int(m.server, IPPROTO_SCTP, SCTP_RECVRCVINFO, 0);
		EQ(1, send_text(m.client, m.at_client, "z", 0, 0));
		EQ(1, recvmsg(m.server, &msg, 0));
		EQ(0, msg.msg_controllen);
	}
	return cases_done();
}
