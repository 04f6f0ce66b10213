/* Section 5.3 of the draft: notifications. */
#include "conform.h"

static void abort_it(int fd)
{
	struct linger hard = { 1, 0 };

	OK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)));
	OK(close(fd));
}

/* A one-to-one pair with room for few octets at the other end, and nobody reading. */
static void narrow_pair(int ends[2])
{
	int listener = bound(SOCK_STREAM, 9);

	set_int(listener, SOL_SOCKET, SO_RCVBUF, 5000);
	OK(listen(listener, 1));
	ends[0] = tcp_style();
	OK(connect_to(ends[0], 9));
	ends[1] = OK(accept(listener, NULL, NULL));
}

int main(void)
{
	CASE("D5.3-2", "only what was asked for comes") {
		int server = listening(SOCK_SEQPACKET, 0), client = tcp_style();

		subscribe_to(server, SCTP_SHUTDOWN_EVENT, 1);
		OK(connect_to(client, 0));
		QUIET(server, 100);
		OK(close(client));
		EVENT(server, SCTP_SHUTDOWN_EVENT);
		QUIET(server, 100);
	}
	CASE("D5.3-3", "one call returns one notification") {
		int server = listening(SOCK_SEQPACKET, 0), client = tcp_style();

		subscribe_to(server, SCTP_ASSOC_CHANGE, 1);
		subscribe_to(server, SCTP_SHUTDOWN_EVENT, 1);
		OK(connect_to(client, 0));
		OK(close(client));
		usleep(200000);
		EQ(20, CHANGE(server, SCTP_COMM_UP)->len);
		EQ(12, EVENT(server, SCTP_SHUTDOWN_EVENT)->len);
		EQ(20, CHANGE(server, SCTP_SHUTDOWN_COMP)->len);
	}
	CASE("D5.3-4 D5.3-5 D5.3.1-6", "a notification is read in parts, before what came later") {
		int server = listening(SOCK_SEQPACKET, 0), client = tcp_style();
		unsigned char whole[20];

		subscribe_to(server, SCTP_ASSOC_CHANGE, 1);
		OK(connect_to(client, 0));
		EQ(1, send(client, "x", 1, 0));
		usleep(100000);
		int sizes[3] = { 8, 8, 4 };
		for (int part = 0, where = 0; part < 3; where += sizes[part++]) {
			struct message *got = receive_flags(server, 8, 0);
			EQ(sizes[part], got->len);
			EQ(MSG_NOTIFICATION | (part == 2 ? MSG_EOR : 0), got->flags);
			memcpy(whole + where, got->data, (size_t)got->len);
		}
		struct sctp_assoc_change change;
		memcpy(&change, whole, sizeof(whole));
		EQ(SCTP_ASSOC_CHANGE, change.sac_type);
		EQ(20, change.sac_length);
		TEXT(server, "x");
	}
	CASE("D5.3-4", "MSG_PEEK of a notification leaves it") {
		int server = listening(SOCK_SEQPACKET, 0), client = tcp_style();

		subscribe_to(server, SCTP_ASSOC_CHANGE, 1);
		OK(connect_to(client, 0));
		EXPECT(poll_within(server, POLLIN, 5000) & POLLIN);
		struct message *got = receive_flags(server, 8, MSG_PEEK);
		EQ(8, got->len);
		EQ(MSG_NOTIFICATION, got->flags);
		got = receive_flags(server, 100, MSG_PEEK);
		EQ(20, got->len);
		EQ(MSG_NOTIFICATION | MSG_EOR, got->flags);
		CHANGE(server, SCTP_COMM_UP);
	}
	CASE("D5.3-6", "the name of a notification is the peer's primary address") {
		int server = listening(SOCK_SEQPACKET, 0), client = bound(SOCK_STREAM, 1);

		subscribe_to(server, SCTP_ASSOC_CHANGE, 1);
		OK(connect_to(client, 0));
		struct sockaddr_in *from = (struct sockaddr_in *)&CHANGE(server, SCTP_COMM_UP)->from;
		EQ(htonl(0x7f000001), from->sin_addr.s_addr);
		EQ(port(1), ntohs(from->sin_port));
	}
	CASE("D5.3.1-1 D5.3.1-2", "the union of notifications and its members") {
		union sctp_notification event;

		EQ(148, sizeof(event));
		EQ(8, sizeof(event.sn_header));
		EQ(2, sizeof(event.sn_header.sn_type));
		EQ(2, sizeof(event.sn_header.sn_flags));
		EQ(4, sizeof(event.sn_header.sn_length));
		void *members[] = { &event.sn_assoc_change, &event.sn_paddr_change, &event.sn_remote_error, &event.sn_send_failed,
				    &event.sn_shutdown_event, &event.sn_adaptation_event, &event.sn_pdapi_event };
		for (unsigned each = 0; each < sizeof(members) / sizeof(members[0]); each++)
			EXPECT(members[each] == &event);
#ifdef MSG_SENDALL
		EXPECT((void *)&event.sn_adaption_event == (void *)&event);
#endif
	}
	CASE("D5.3.1-3 D5.3.1-4", "the types are above 2^15") {
		EQ(0x8001, SCTP_ASSOC_CHANGE);
		EQ(0x8002, SCTP_PEER_ADDR_CHANGE);
		EQ(0x8003, SCTP_SEND_FAILED);
		EQ(0x8004, SCTP_REMOTE_ERROR);
		EQ(0x8005, SCTP_SHUTDOWN_EVENT);
		EQ(0x8006, SCTP_PARTIAL_DELIVERY_EVENT);
		EQ(0x8007, SCTP_ADAPTATION_INDICATION);
#ifdef MSG_SENDALL
		EQ(SCTP_ADAPTATION_INDICATION, SCTP_ADAPTION_INDICATION);
#endif
	}
	CASE("D5.3.1-5 D5.3.1.1-1 D5.3.1.1-2 D5.3.1.1-3 D5.3.1.1-7 D5.3.1.1-10 D5.3.1.1-11", "the beginning and the end are told, with one id") {
		struct many m = { .server = listening(SOCK_SEQPACKET, 8) };
		int client = tcp_style();

		subscribe_to(m.server, SCTP_ASSOC_CHANGE, 1);
		subscribe_to(client, SCTP_ASSOC_CHANGE, 1);
		OK(connect_to(client, 8));
		struct sctp_assoc_change up = CHANGE(m.server, SCTP_COMM_UP)->event.sn_assoc_change;
		EQ(0, SCTP_COMM_UP);
		EQ(0, up.sac_flags);
		EQ(20, up.sac_length);
		EQ(10, up.sac_outbound_streams);
		EQ(10, up.sac_inbound_streams);
		EXPECT(CHANGE(client, SCTP_COMM_UP)->event.sn_assoc_change.sac_assoc_id >= 3);
		OK(close(client));
		struct sctp_assoc_change end = CHANGE(m.server, SCTP_SHUTDOWN_COMP)->event.sn_assoc_change;
		EQ(up.sac_assoc_id, end.sac_assoc_id);
		EQ(0, end.sac_error);
		EQ(0, end.sac_outbound_streams);
		EQ(0, end.sac_inbound_streams);
	}
	CASE("D5.3.1.1-7", "who begins the shutdown is told of its end alone") {
		struct many m = many_pair();

		EQ(0, send_text(m.client, m.at_client, "", 0, SCTP_EOF));
		CHANGE(m.client, SCTP_SHUTDOWN_COMP);
		EVENT(m.server, SCTP_SHUTDOWN_EVENT);
		CHANGE(m.server, SCTP_SHUTDOWN_COMP);
	}
	CASE("D5.3.1.1-4 D5.3.1.1-5 D5.3.1.4-1 D5.3.1.4-3 D5.3.1.4-4 D5.3.1.4-5", "after COMM_LOST each outstanding message comes back") {
		int ends[2];

		narrow_pair(ends);
		subscribe_to(ends[0], SCTP_ASSOC_CHANGE, 1);
		subscribe_to(ends[0], SCTP_SEND_FAILED, 1);
		for (int each = 0; each < 12; each++)
			EQ(1000, send(ends[0], pattern(1000), 1000, 0));
		usleep(300000);
		abort_it(ends[1]);
		CHANGE(ends[0], SCTP_COMM_LOST);
		int failed = 0;
		while (poll_within(ends[0], POLLIN, 200) & POLLIN) {
			struct message *got = receive_flags(ends[0], 2000, MSG_DONTWAIT);
			if (got->len < 0)
				break;
			struct sctp_send_failed *told = &got->event.sn_send_failed;
			EQ(SCTP_SEND_FAILED, told->ssf_type);
			EQ(48 + 1000, told->ssf_length);
			EQ(told->ssf_length, got->len);
			EXPECT(told->ssf_flags == SCTP_DATA_UNSENT || told->ssf_flags == SCTP_DATA_SENT);
			EXPECT(told->ssf_error == 0 || memcmp(&told->ssf_error, "\x00\x0c\x00\x00", 4) == 0);
			failed++;
		}
		EXPECT(failed > 0 && failed < 12);
		EQ(0, SCTP_DATA_UNSENT);
		EQ(1, SCTP_DATA_SENT);
	}
	LINUX_CASE("D5.3.1.4-8", "a long message comes back in its fragments") {
		int client = many_style();
		struct sockaddr_in to = v4(1, port(1));

		set_int(client, IPPROTO_SCTP, SCTP_MAXSEG, 1000);
		nonblocking(client);
		subscribe_to(client, SCTP_SEND_FAILED, 1);
		EQ(2500, sendto(client, pattern(2500), 2500, 0, SA(to)));
		size_t sum = 0;
		for (int each = 0; each < 3; each++) {
			struct message *got = EVENT(client, SCTP_SEND_FAILED);
			size_t len = (size_t)got->len - 48;
			EQ(0, memcmp(got->data + 48, pattern(2500) + sum, len));
			EQ(each == 0 ? 2 : each == 1 ? 0 : 1, got->event.sn_send_failed.ssf_info.sinfo_flags & 3);
			sum += len;
		}
		EQ(2500, sum);
	}
	RFC_CASE("D5.3.1.4-8 B4-5", "a long message comes back whole") {
		int client = many_style();
		struct sockaddr_in to = v4(1, port(1));

		set_int(client, IPPROTO_SCTP, SCTP_MAXSEG, 1000);
		nonblocking(client);
		subscribe_to(client, SCTP_SEND_FAILED, 1);
		EQ(2500, sendto(client, pattern(2500), 2500, 0, SA(to)));
		struct message *got = EVENT(client, SCTP_SEND_FAILED);
		EQ(48 + 2500, got->len);
		EQ(0, memcmp(got->data + 48, pattern(2500), 2500));
		EQ(3, got->event.sn_send_failed.ssf_info.sinfo_flags & 3);
		QUIET(client, 50);
	}
	CASE("B4-4 B4-6", "both notifications of a failure, the old one first") {
		int client = many_style();
		struct sockaddr_in to = v4(1, port(1));

		nonblocking(client);
		subscribe_to(client, SCTP_SEND_FAILED, 1);
		subscribe_to(client, SCTP_SEND_FAILED_EVENT, 1);
		EQ(3, sendto(client, "one", 3, 0, SA(to)));
		EVENT(client, SCTP_SEND_FAILED);
		struct message *got = EVENT(client, SCTP_SEND_FAILED_EVENT);
		EQ(0x800d, SCTP_SEND_FAILED_EVENT);
		EQ(32 + 3, got->len);
		EQ(0, memcmp(got->data + 32, "one", 3));
		EQ(3, got->event.sn_send_failed_event.ssfe_info.snd_flags & 3);
		EQ(SCTP_DATA_UNSENT, got->event.sn_send_failed_event.ssf_flags);
	}
	CASE("D5.3.1.1-8", "a set-up that fails has no id, no error and no more to say") {
		int client = many_style();

		subscribe_to(client, SCTP_ASSOC_CHANGE, 1);
		FAILS(ECONNREFUSED, connect_to(client, 1));
		struct sctp_assoc_change change = CHANGE(client, SCTP_CANT_STR_ASSOC)->event.sn_assoc_change;
		EQ(20, change.sac_length);
		EQ(0, change.sac_error);
		EQ(0, change.sac_assoc_id);
	}
	LINUX_CASE("D5.3.1.1-12 D5.3.1.1-9", "sac_info has the causes of the ABORT") {
		struct many m = many_pair();

		EQ(0, send_text(m.server, m.at_server, "bye", 0, SCTP_ABORT));
		struct message *got = CHANGE(m.client, SCTP_COMM_LOST);
		EQ(27, got->event.sn_assoc_change.sac_length);
		EQ(12, ntohs(got->event.sn_assoc_change.sac_error));
		EQ(0, memcmp(got->data + 20, "\x00\x0c\x00\x07" "bye", 7));
	}
	RFC_CASE("D5.3.1.1-12 D5.3.1.1-9", "sac_info is the whole ABORT chunk") {
		struct many m = many_pair();

		EQ(0, send_text(m.server, m.at_server, "", 0, SCTP_ABORT));
		struct message *got = CHANGE(m.client, SCTP_COMM_LOST);
		EQ(28, got->event.sn_assoc_change.sac_length);
		EQ(12, ntohs(got->event.sn_assoc_change.sac_error));
		EQ(0, memcmp(got->data + 20, "\x06\x00\x00\x08\x00\x0c\x00\x04", 8));
	}
	CASE("D5.3.1.2-1 D5.3.1.2-2 D5.3.1.2-3 D5.3.1.2-8 D5.3.1.2-9 D5.3.1.2-10 D5.3.1.2-11 D5.3.1.2-12", "addresses are confirmed, and made primary") {
		struct sockaddr_in list[2] = { v4(1, port(8)), v4(2, port(8)) };
		int server = tcp_style(), client = many_style();

		OK(sctp_bindx(server, (struct sockaddr *)list, 2, SCTP_BINDX_ADD_ADDR));
		OK(listen(server, 1));
		subscribe_to(client, SCTP_ASSOC_CHANGE, 1);
		subscribe_to(client, SCTP_PEER_ADDR_CHANGE, 1);
		OK(connect(client, SA(list[0])));
		sctp_assoc_t id = CHANGE(client, SCTP_COMM_UP)->event.sn_assoc_change.sac_assoc_id;
		struct sctp_paddr_change change = EVENT(client, SCTP_PEER_ADDR_CHANGE)->event.sn_paddr_change;
		struct sockaddr_in *which = (struct sockaddr_in *)&change.spc_aaddr;
		EQ(148, change.spc_length);
		EQ(0, change.spc_flags);
		EQ(SCTP_ADDR_CONFIRMED, change.spc_state);
		EQ(2, change.spc_error);
		EQ(id, change.spc_assoc_id);
		EQ(AF_INET, which->sin_family);
		EQ(htonl(0x7f000002), which->sin_addr.s_addr);
		EQ(port(8), ntohs(which->sin_port));
		EXPECT((__typeof__(change.spc_state))-1 < 0);
		struct sctp_prim prim = { .ssp_assoc_id = id };
		memcpy(&prim.ssp_addr, &list[1], sizeof(list[1]));
		OK(setsockopt(client, IPPROTO_SCTP, SCTP_PRIMARY_ADDR, &prim, sizeof(prim)));
		change = EVENT(client, SCTP_PEER_ADDR_CHANGE)->event.sn_paddr_change;
		EQ(SCTP_ADDR_MADE_PRIM, change.spc_state);
		EQ(0, change.spc_error);
	}
	LINUX_CASE("D5.3.1.3-1 D5.3.1.3-2 D5.3.1.3-3 D5.3.1.3-4 D5.3.1.3-5", "an ERROR chunk is told of with its cause") {
		wire_start();
		struct many m = many_pair();

		inject(1, "\x09\x00\x00\x0c\x00\x01\x00\x08\x00\x05\x00\x00", 12);
		struct message *got = EVENT(m.server, SCTP_REMOTE_ERROR);
		EQ(20, got->event.sn_remote_error.sre_length);
		EQ(1, ntohs(got->event.sn_remote_error.sre_error));
		EQ(0, got->event.sn_remote_error.sre_flags);
		EQ(m.at_server, got->event.sn_remote_error.sre_assoc_id);
		EQ(0, memcmp(got->data + 16, "\x00\x05\x00\x00", 4));
	}
	RFC_CASE("D5.3.1.3-1 D5.3.1.3-2 D5.3.1.3-3 D5.3.1.3-4 D5.3.1.3-5", "an ERROR chunk is told of as a whole") {
		wire_start();
		struct many m = many_pair();

		inject(1, "\x09\x00\x00\x0c\x00\x01\x00\x08\x00\x05\x00\x00", 12);
		struct message *got = EVENT(m.server, SCTP_REMOTE_ERROR);
		EQ(28, got->event.sn_remote_error.sre_length);
		EQ(1, ntohs(got->event.sn_remote_error.sre_error));
		EQ(12, (char *)&got->event.sn_remote_error.sre_assoc_id - (char *)got->data);
		EQ(m.at_server, got->event.sn_remote_error.sre_assoc_id);
		EQ(0, memcmp(got->data + 16, "\x09\x00\x00\x0c\x00\x01\x00\x08\x00\x05\x00\x00", 12));
	}
	CASE("D5.3.1.5-1 D5.3.1.5-2", "SCTP_SHUTDOWN_EVENT") {
		struct many m = many_pair();

		OK(close(m.client));
		struct sctp_shutdown_event told = EVENT(m.server, SCTP_SHUTDOWN_EVENT)->event.sn_shutdown_event;
		EQ(12, told.sse_length);
		EQ(0, told.sse_flags);
		EQ(m.at_server, told.sse_assoc_id);
	}
	CASE("D5.3.1.6-1 D5.3.1.6-2 D5.3.1.6-3 B1-7", "the adaptation indication follows COMM_UP, in host order") {
		int server = listening(SOCK_SEQPACKET, 0), client = tcp_style();
		struct sctp_setadaptation mine = { .ssb_adaptation_ind = 0x01020304 };

		subscribe_to(server, SCTP_ASSOC_CHANGE, 1);
		subscribe_to(server, SCTP_ADAPTATION_INDICATION, 1);
		OK(setsockopt(client, IPPROTO_SCTP, SCTP_ADAPTATION_LAYER, &mine, sizeof(mine)));
		OK(connect_to(client, 0));
		sctp_assoc_t id = CHANGE(server, SCTP_COMM_UP)->event.sn_assoc_change.sac_assoc_id;
		struct sctp_adaptation_event told = EVENT(server, SCTP_ADAPTATION_INDICATION)->event.sn_adaptation_event;
		EQ(16, told.sai_length);
		EQ(0, told.sai_flags);
		EQ(0x01020304, told.sai_adaptation_ind);
		EQ(id, told.sai_assoc_id);
	}
	LINUX_CASE("D5.3.1.6-1", "an adaptation indication of 0 is not told") {
		int server = listening(SOCK_SEQPACKET, 0);

		subscribe_to(server, SCTP_ADAPTATION_INDICATION, 1);
		OK(connect_to(tcp_style(), 0));
		QUIET(server, 100);
	}
	RFC_CASE("D5.3.1.6-1", "an adaptation indication of 0 is told") {
		int server = listening(SOCK_SEQPACKET, 0), client = tcp_style();
		struct sctp_setadaptation zero = { 0 };

		subscribe_to(server, SCTP_ADAPTATION_INDICATION, 1);
		OK(setsockopt(client, IPPROTO_SCTP, SCTP_ADAPTATION_LAYER, &zero, sizeof(zero)));
		OK(connect_to(client, 0));
		EQ(0, EVENT(server, SCTP_ADAPTATION_INDICATION)->event.sn_adaptation_event.sai_adaptation_ind);
	}
	CASE("D5.3.1.7-1 D5.3.1.7-2 D5.3.1.7-3 D5.3.1.7-4 B4-7", "a message that breaks off in the middle is told of") {
		int listener = bound(SOCK_SEQPACKET, 0), client = tcp_style();

		set_int(listener, SOL_SOCKET, SO_RCVBUF, 20000);
		OK(listen(listener, 1));
		subscribe(listener);
		OK(connect_to(client, 0));
		sctp_assoc_t id = CHANGE(listener, SCTP_COMM_UP)->event.sn_assoc_change.sac_assoc_id;
		set_int(client, SOL_SOCKET, SO_SNDBUF, 1000000);
		EQ(200000, send(client, pattern(200000), 200000, 0));
		struct message *got;
		do
			got = RECEIVE(listener);
		while (got->flags & MSG_NOTIFICATION);
		EQ(0, got->flags & MSG_EOR);
		abort_it(client);
		while (!((got = RECEIVE(listener))->flags & MSG_NOTIFICATION))
			EQ(0, got->flags & MSG_EOR);
		EQ(SCTP_PARTIAL_DELIVERY_EVENT, got->event.sn_header.sn_type);
		struct sctp_pdapi_event told = got->event.sn_pdapi_event;
		EQ(24, told.pdapi_length);
		EQ(0, told.pdapi_flags);
		EQ(0, told.pdapi_indication);
		EQ(SCTP_PARTIAL_DELIVERY_ABORTED, told.pdapi_indication);
		EQ(id, told.pdapi_assoc_id);
		CHANGE(listener, SCTP_COMM_LOST);
		int other = tcp_style();
		OK(connect_to(other, 0));
		EQ(1, send(other, "x", 1, 0));
		while ((got = RECEIVE(listener))->flags & MSG_NOTIFICATION)
			;
		EQ(1, got->len);
	}
	CASE("B4-2", "SENDER_DRY: at once when nothing is queued, and when it is so again") {
		struct many m = many_pair();
		struct sctp_event event = { .se_assoc_id = m.at_client, .se_type = SCTP_SENDER_DRY_EVENT, .se_on = 1 };

		OK(setsockopt(m.client, IPPROTO_SCTP, SCTP_EVENT, &event, sizeof(event)));
		EQ(m.at_client, EVENT(m.client, SCTP_SENDER_DRY_EVENT)->event.sn_sender_dry_event.sender_dry_assoc_id);
		EQ(1, send_text(m.client, m.at_client, "x", 0, 0));
		EVENT(m.client, SCTP_SENDER_DRY_EVENT);
	}
	CASE("B4-8", "the members of SCTP_EVENTS are in the order of the types") {
		struct sctp_event_subscribe *none = NULL;

		EQ(SCTP_ASSOC_CHANGE - 0x8000, (char *)&none->sctp_association_event - (char *)none);
		EQ(SCTP_AUTHENTICATION_EVENT - 0x8000, (char *)&none->sctp_authentication_event - (char *)none);
		EQ(SCTP_SENDER_DRY_EVENT - 0x8000, (char *)&none->sctp_sender_dry_event - (char *)none);
		EQ(SCTP_STREAM_RESET_EVENT - 0x8000, (char *)&none->sctp_stream_reset_event - (char *)none);
		EQ(SCTP_ASSOC_RESET_EVENT - 0x8000, (char *)&none->sctp_assoc_reset_event - (char *)none);
		EQ(SCTP_STREAM_CHANGE_EVENT - 0x8000, (char *)&none->sctp_stream_change_event - (char *)none);
		EQ(SCTP_SEND_FAILED_EVENT - 0x8000, (char *)&none->sctp_send_failure_event_event - (char *)none);
	}
	return cases_done();
}
