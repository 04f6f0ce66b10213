/* Sections 3.1.5 and 3.1.6 of the draft: close() and connect() on one-to-many sockets. */
#include "conform.h"

int main(void)
{
	CASE("D3.1.5-1", "close shuts all associations down") {
		wire_start();
		struct many m = many_pair();
		sctp_assoc_t at_server, at_client;
		int second = more_client(&m, &at_server, &at_client);

		OK(close(m.server));
		EVENT(m.client, SCTP_SHUTDOWN_EVENT);
		CHANGE(m.client, SCTP_SHUTDOWN_COMP);
		EVENT(second, SCTP_SHUTDOWN_EVENT);
		CHANGE(second, SCTP_SHUTDOWN_COMP);
		EQ(2, wire_count(SHUTDOWN));
		EQ(0, wire_count(ABORT));
	}
	CASE("D3.1.5-2 D5.2.2-20 D3.3-7 D3.3-8", "SCTP_EOF shuts one association down, and the others stay") {
		wire_start();
		struct many m = many_pair();
		sctp_assoc_t at_server, at_client;
		int second = more_client(&m, &at_server, &at_client);

		nonblocking(m.server);
		EQ(0, send_text(m.server, m.at_server, "", 0, SCTP_EOF));
		CHANGE(m.server, SCTP_SHUTDOWN_COMP);
		EVENT(m.client, SCTP_SHUTDOWN_EVENT);
		EQ(2, send_text(m.server, at_server, "hi", 0, 0));
		TEXT(second, "hi");
		EQ(1, wire_count(SHUTDOWN));
	}
	CASE("D3.1.5-3 D5.2.2-15 D5.2.2-16 D5.2.2-17", "SCTP_ABORT aborts one association, with the user's reason") {
		wire_start();
		struct many m = many_pair();

		EQ(0, send_text(m.server, m.at_server, "bye", 0, SCTP_ABORT));
		EQ(-1, state_of(m.server, m.at_server));
		CHANGE(m.client, SCTP_COMM_LOST);
		const struct chunk *abort = WIRE(ABORT, 0);
		EXPECT(abort->len >= 4 + 7);
		EQ(0, memcmp(abort->value, "\x00\x0c\x00\x07" "bye", 7));
	}
	LINUX_CASE("D3.1.5-4", "MSG_EOF in the flags of the call ends nothing") {
		struct many m = many_pair();
		struct sockaddr_in to = v4(1, port(8));

		EQ(1, sendto(m.client, "x", 1, 0x200, SA(to)));
		TEXT(m.server, "x");
		QUIET(m.server, 100);
	}
	RFC_CASE("D3.1.5-4", "MSG_EOF in the flags of the call is EINVAL") {
		struct many m = many_pair();
		struct sockaddr_in to = v4(1, port(8));

		FAILS(EINVAL, sendto(m.client, "x", 1, 0x200, SA(to)));
		QUIET(m.server, 100);
	}
	CASE("D3.1.5-5", "closing a branched-off descriptor ends its association alone") {
		wire_start();
		struct many m = many_pair();
		sctp_assoc_t at_server, at_client;
		int second = more_client(&m, &at_server, &at_client), new = OK(sctp_peeloff(m.server, m.at_server));

		OK(close(new));
		EVENT(m.client, SCTP_SHUTDOWN_EVENT);
		CHANGE(m.client, SCTP_SHUTDOWN_COMP);
		EQ(2, send_text(second, at_client, "hi", 0, 0));
		TEXT(m.server, "hi");
		EQ(1, wire_count(SHUTDOWN));
	}
	CASE("D3.1.5-6 D5.2.2-21", "what was queued before close is delivered") {
		struct many m = many_pair();
		struct sctp_sndrcvinfo info = { .sinfo_assoc_id = m.at_client };
		struct outgoing out = { .data = pattern(10000), .len = 10000, .sndrcv = &info };

		set_int(m.client, SOL_SOCKET, SO_SNDBUF, 1000000);
		for (int each = 0; each < 30; each++)
			EQ(10000, send_out(m.client, &out));
		OK(close(m.client));
		for (int each = 0; each < 30; each++) {
			struct message *got = RECEIVE(m.server);
			EQ(10000, got->len);
			EQ(0, memcmp(got->data, out.data, 10000));
		}
		EVENT(m.server, SCTP_SHUTDOWN_EVENT);
		CHANGE(m.server, SCTP_SHUTDOWN_COMP);
	}
	LINUX_CASE("D3.1.5-7", "unread data of one association aborts all of a socket that is closed") {
		struct many m = many_pair();
		sctp_assoc_t at_server, at_client;
		int second = more_client(&m, &at_server, &at_client);

		EQ(1, send_text(m.client, m.at_client, "x", 0, 0));
		EXPECT(poll_within(m.server, POLLIN, 5000) & POLLIN);
		OK(close(m.server));
		CHANGE(m.client, SCTP_COMM_LOST);
		CHANGE(second, SCTP_COMM_LOST);
	}
	RFC_CASE("D3.1.5-7", "unread data aborts the association that it came from") {
		struct many m = many_pair();
		sctp_assoc_t at_server, at_client;
		int second = more_client(&m, &at_server, &at_client);

		EQ(1, send_text(m.client, m.at_client, "x", 0, 0));
		EXPECT(poll_within(m.server, POLLIN, 5000) & POLLIN);
		OK(close(m.server));
		CHANGE(m.client, SCTP_COMM_LOST);
		EVENT(second, SCTP_SHUTDOWN_EVENT);
		CHANGE(second, SCTP_SHUTDOWN_COMP);
	}
	CASE("D3.1.5-7", "unread notifications do not count") {
		int server = listening(SOCK_SEQPACKET, 0), client = many_style();

		subscribe(server);
		subscribe_to(client, SCTP_SHUTDOWN_EVENT, 1);
		OK(connect_to(client, 0));
		EXPECT(poll_within(server, POLLIN, 5000) & POLLIN);
		OK(close(server));
		EVENT(client, SCTP_SHUTDOWN_EVENT);
	}
	CASE("D3.1.6-1 D4.1.5-1", "connect is the four-way handshake without data") {
		wire_start();
		listening(SOCK_SEQPACKET, 0);
		OK(connect_to(many_style(), 0));
		EXPECT(WIRE(INIT, 0)->packet < WIRE(INIT_ACK, 0)->packet);
		EXPECT(WIRE(INIT_ACK, 0)->packet < WIRE(COOKIE_ECHO, 0)->packet);
		EXPECT(WIRE(COOKIE_ECHO, 0)->packet < WIRE(COOKIE_ACK, 0)->packet);
		EQ(0, wire_count(DATA));
	}
	CASE("D3.1.6-2", "several connects make several associations") {
		int one = listening(SOCK_SEQPACKET, 0), two = listening(SOCK_STREAM, 1), fd = many_style();

		subscribe_to(fd, SCTP_ASSOC_CHANGE, 1);
		OK(connect_to(fd, 0));
		OK(connect_to(fd, 1));
		sctp_assoc_t first = CHANGE(fd, SCTP_COMM_UP)->event.sn_assoc_change.sac_assoc_id;
		EXPECT(first != CHANGE(fd, SCTP_COMM_UP)->event.sn_assoc_change.sac_assoc_id);
		EXPECT(one != two);
	}
	CASE("D3.1.6-3", "a second connect to the same peer is EISCONN") {
		int server = listening(SOCK_SEQPACKET, 0), fd = many_style();
		struct sockaddr_in to = v4(1, port(0));

		OK(connect_to(fd, 0));
		FAILS(EISCONN, connect_to(fd, 0));
		FAILS(EISCONN, sctp_connectx(fd, (struct sockaddr *)&to, 1, NULL));
		EXPECT(server >= 0);
	}
	CASE("D3.1.6-3 D3.3-2", "a connect while the first goes on is EALREADY, and non-blocking sends return at once") {
		struct silence quiet_peer = silence();
		struct sockaddr_in to = v4(quiet_peer.host, port(0));
		int fd = many_style();

		nonblocking(fd);
		FAILS(EINPROGRESS, connect(fd, SA(to)));
		FAILS(EALREADY, connect(fd, SA(to)));
		double begun = seconds();
		EQ(1, sendto(fd, "x", 1, 0, SA(to)));
		EXPECT(seconds() - begun < 1);
	}
	CASE("D3.1.6-4 D3.3-3", "the results of connect") {
		int server = listening(SOCK_SEQPACKET, 0), fd = many_style();

		subscribe_to(fd, SCTP_ASSOC_CHANGE, 1);
		FAILS(ECONNREFUSED, connect_to(fd, 1));
		CHANGE(fd, SCTP_CANT_STR_ASSOC);
		EQ(0, int_option(fd, SOL_SOCKET, SO_ERROR));
		nonblocking(fd);
		FAILS(EINPROGRESS, connect_to(fd, 1));
		CHANGE(fd, SCTP_CANT_STR_ASSOC);
		EQ(0, int_option(fd, SOL_SOCKET, SO_ERROR));
		FAILS(EINPROGRESS, connect_to(fd, 0));
		CHANGE(fd, SCTP_COMM_UP);
		EXPECT(server >= 0);
	}
	CASE("D3.1.6-4 D4.1.5-10 D5.2.1-5", "no answer after all attempts is ETIMEDOUT") {
		struct silence quiet_peer = silence();
		struct sockaddr_in to = v4(quiet_peer.host, port(0));

		for (int style = 0; style < 2; style++) {
			int fd = style ? many_style() : tcp_style();
			struct sctp_initmsg init = { .sinit_max_attempts = 2, .sinit_max_init_timeo = 100 };
			struct sctp_rtoinfo rto = { .srto_initial = 100, .srto_min = 100, .srto_max = 100 };

			OK(setsockopt(fd, IPPROTO_SCTP, SCTP_INITMSG, &init, sizeof(init)));
			if (setsockopt(fd, IPPROTO_SCTP, SCTP_RTOINFO, &rto, sizeof(rto)) < 0)
				case_failed("SCTP_RTOINFO");
			subscribe_to(fd, SCTP_ASSOC_CHANGE, 1);
			FAILS(ETIMEDOUT, connect(fd, SA(to)));
			EQ(0, CHANGE(fd, SCTP_CANT_STR_ASSOC)->event.sn_assoc_change.sac_error);
			EQ(3, silence_heard(&quiet_peer, INIT));
		}
	}
	CASE("D3.1.6-5", "connect, then send: the data comes after the handshake") {
		wire_start();
		int server = listening(SOCK_SEQPACKET, 0), fd = tcp_style();

		OK(connect_to(fd, 0));
		EQ(1, send(fd, "x", 1, 0));
		TEXT(server, "x");
		EXPECT(WIRE(COOKIE_ACK, 0)->packet < WIRE(DATA, 0)->packet);
	}
	return cases_done();
}
