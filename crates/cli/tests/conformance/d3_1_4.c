/* Section 3.1.4 of the draft: sendmsg() and recvmsg() on one-to-many sockets. */
#include "conform.h"

/* A server with room for `octets`, subscribed to data-io, and a client with a large send buffer. */
static struct many large(int octets)
{
	struct many m = { .server = bound(SOCK_SEQPACKET, 8) };

	set_int(m.server, SOL_SOCKET, SO_RCVBUF, octets);
	OK(listen(m.server, 5));
	subscribe(m.server);
	m.client = more_client(&m, &m.at_server, &m.at_client);
	set_int(m.client, SOL_SOCKET, SO_SNDBUF, 1000000);
	return m;
}

/* Both ends stop reading, the server is full of data, the client asks for the end: neither can finish. */
static struct many stuck_in_shutdown(void)
{
	struct many m = { .server = listening(SOCK_SEQPACKET, 8), .client = many_style() };
	struct sockaddr_in near = v4(1, port(7));

	OK(bind(m.client, SA(near)));
	set_int(m.client, SOL_SOCKET, SO_RCVBUF, 5000);
	subscribe_to(m.server, SCTP_ASSOC_CHANGE, 1);
	subscribe_to(m.server, SCTP_SHUTDOWN_EVENT, 1);
	subscribe_to(m.client, SCTP_ASSOC_CHANGE, 1);
	OK(connect_to(m.client, 8));
	m.at_client = CHANGE(m.client, SCTP_COMM_UP)->event.sn_assoc_change.sac_assoc_id;
	m.at_server = CHANGE(m.server, SCTP_COMM_UP)->event.sn_assoc_change.sac_assoc_id;
	for (int each = 0; each < 12; each++)
		EQ(2000, send_out(m.server, &(struct outgoing){ .data = pattern(2000), .len = 2000,
			.sndrcv = &(struct sctp_sndrcvinfo){ .sinfo_assoc_id = m.at_server } }));
	EQ(0, send_text(m.client, m.at_client, "", 0, SCTP_EOF));
	EVENT(m.server, SCTP_SHUTDOWN_EVENT);
	return m;
}

/* A server at hosts 1 and 2, a client at 3, confirmed both ways. */
static struct many two_homed(void)
{
	struct many m = { .server = many_style(), .client = many_style() };
	struct sockaddr_in list[2] = { v4(1, port(8)), v4(2, port(8)) }, near = v4(3, port(7));

	OK(sctp_bindx(m.server, (struct sockaddr *)list, 2, SCTP_BINDX_ADD_ADDR));
	OK(bind(m.client, SA(near)));
	OK(listen(m.server, 1));
	OK(listen(m.client, 1));
	subscribe(m.server);
	subscribe(m.client);
	OK(connect(m.client, SA(list[0])));
	m.at_client = CHANGE(m.client, SCTP_COMM_UP)->event.sn_assoc_change.sac_assoc_id;
	m.at_server = CHANGE(m.server, SCTP_COMM_UP)->event.sn_assoc_change.sac_assoc_id;
	for (;;) {
		struct message *got = RECEIVE(m.client);
		if (got->event.sn_header.sn_type == SCTP_PEER_ADDR_CHANGE &&
		    got->event.sn_paddr_change.spc_state == SCTP_ADDR_CONFIRMED)
			return m;
	}
}

static void signalled(int signal)
{
	(void)signal;
}

int main(void)
{
	CASE("D3.1.4-1 D3.1.4-2", "each sendmsg is one message, and the results are the octets") {
		struct many m = many_pair();

		EQ(3, send_text(m.client, m.at_client, "one", 0, 0));
		EQ(5, send_text(m.client, m.at_client, "three", 0, 0));
		TEXT(m.server, "one");
		TEXT(m.server, "three");
		FAILS(EAGAIN, receive_flags(m.server, 10, MSG_DONTWAIT)->len);
	}
	LINUX_CASE("D3.1.4-3 D5.2.2-30 D4.1.5-9", "MSG_OOB and other bits of flags are ignored") {
		int ends[2];

		tcp_pair(ends);
		EQ(1, send(ends[0], "o", 1, MSG_OOB));
		EQ(1, send(ends[0], "f", 1, 0x200));
		EQ(1, send(ends[0], "e", 1, MSG_EOR));
		TEXT(ends[1], "o");
		TEXT(ends[1], "f");
		TEXT(ends[1], "e");
		EQ(1, send(ends[0], "x", 1, 0));
		EQ(1, recv(ends[1], (char[8]){ 0 }, 8, MSG_OOB));
	}
	RFC_CASE("D3.1.4-3 D5.2.2-30", "MSG_OOB in flags is not supported, the system's flags are") {
		struct many m = many_pair();
		struct sockaddr_in to = v4(1, port(8));

		FAILS(EOPNOTSUPP, sendto(m.client, "o", 1, MSG_OOB, SA(to)));
		EQ(1, sendto(m.client, "x", 1, MSG_DONTWAIT | MSG_DONTROUTE | MSG_NOSIGNAL, SA(to)));
		TEXT(m.server, "x");
	}
	CASE("D3.1.4-4 D5.4.1-1", "an SCTP_INIT and an SCTP_SNDRCV item in one call") {
		wire_start();
		int server = listening(SOCK_SEQPACKET, 0), client = many_style();
		struct sockaddr_in to = v4(1, port(0));
		struct sctp_initmsg init = { .sinit_num_ostreams = 7 };
		struct sctp_sndrcvinfo info = { .sinfo_stream = 6, .sinfo_ppid = 77 };
		struct outgoing out = { .data = "x", .len = 1, .to = (void *)&to, .to_len = sizeof(to), .sndrcv = &info,
					.init = &init };

		subscribe_to(server, SCTP_DATA_IO_EVENT, 1);
		EQ(1, send_out(client, &out));
		struct message *got = TEXT(server, "x");
		EQ(6, got->sndrcv.sinfo_stream);
		EQ(77, got->sndrcv.sinfo_ppid);
		EQ(7, WIRE(INIT, 0)->value[8] << 8 | WIRE(INIT, 0)->value[9]);
	}
	CASE("D3.1.4-5 D5.2.2-13", "any address of the peer names its association, and the primary is what is sent to") {
		wire_start();
		struct many m = two_homed();
		struct sockaddr_in second = v4(2, port(8));

		EQ(1, sendto(m.client, "x", 1, 0, SA(second)));
		struct message *got;
		do
			got = RECEIVE(m.server);
		while (got->flags & MSG_NOTIFICATION);
		EQ(m.at_server, got->sndrcv.sinfo_assoc_id);
		EQ(1, wire_count(INIT));
		EQ(0x7f000001, WIRE(DATA, 0)->destination);
	}
	CASE("D5.2.2-12", "SCTP_ADDR_OVER sends to the address of the call") {
		wire_start();
		struct many m = two_homed();
		struct sockaddr_in second = v4(2, port(8));
		struct sctp_sndrcvinfo info = { .sinfo_flags = SCTP_ADDR_OVER };
		struct outgoing out = { .data = "x", .len = 1, .to = (void *)&second, .to_len = sizeof(second), .sndrcv = &info };

		EQ(1, send_out(m.client, &out));
		EQ(0x7f000002, WIRE(DATA, 0)->destination);
		info.sinfo_flags = 0;
		EQ(1, send_out(m.client, &out));
		EQ(0x7f000001, WIRE(DATA, 1)->destination);
	}
	CASE("D3.1.4-6", "without an association one is set up, then the data is sent") {
		wire_start();
		int server = listening(SOCK_SEQPACKET, 0), client = many_style();
		struct sockaddr_in to = v4(1, port(0));

		EQ(1, sendto(client, "x", 1, 0, SA(to)));
		TEXT(server, "x");
		EXPECT(WIRE(INIT, 0)->packet < WIRE(DATA, 0)->packet);
	}
	CASE("D3.1.4-7 D3.1.4-9", "the peer's shutdown is told, and then the end") {
		struct many m = many_pair();

		OK(close(m.client));
		EVENT(m.server, SCTP_SHUTDOWN_EVENT);
		CHANGE(m.server, SCTP_SHUTDOWN_COMP);
	}
	CASE("D3.1.4-8", "while the shutdown goes on sends fail with ESHUTDOWN, afterwards with EPIPE") {
		struct many m = stuck_in_shutdown();
		struct sctp_sndrcvinfo info = { .sinfo_assoc_id = m.at_server };
		struct outgoing out = { .data = "x", .len = 1, .sndrcv = &info };

		FAILS(ESHUTDOWN, send_out(m.server, &out));
		FAILS(ESHUTDOWN, send_text(m.client, m.at_client, "x", 0, 0));
		struct message *got;
		while (!((got = RECEIVE(m.client))->flags & MSG_NOTIFICATION))
			EQ(2000, got->len);
		EQ(SCTP_SHUTDOWN_COMP, got->event.sn_assoc_change.sac_state);
		CHANGE(m.server, SCTP_SHUTDOWN_COMP);
		FAILS(EPIPE, send_out(m.server, &out));
	}
	CASE("D3.1.4-10 D3.1.4-11", "the sender's address comes with each message, whatever is subscribed to") {
		int server = listening(SOCK_SEQPACKET, 0), client = bound(SOCK_SEQPACKET, 1);
		struct sockaddr_in to = v4(1, port(0));

		for (int each = 0; each < 2; each++) {
			EQ(1, sendto(client, "x", 1, 0, SA(to)));
			struct message *got = TEXT(server, "x");
			struct sockaddr_in *from = (struct sockaddr_in *)&got->from;
			EQ(sizeof(*from), got->from_len);
			EQ(htonl(0x7f000001), from->sin_addr.s_addr);
			EQ(port(1), ntohs(from->sin_port));
		}
	}
	CASE("D3.1.4-10", "IPv6 addresses are 28 octets long") {
		int server = OK(socket(AF_INET6, SOCK_SEQPACKET, IPPROTO_SCTP)), client = OK(socket(AF_INET6, SOCK_SEQPACKET, IPPROTO_SCTP));
		struct sockaddr_in6 to = v6(1, port(0));

		OK(bind(server, SA(to)));
		OK(listen(server, 1));
		EQ(1, sendto(client, "x", 1, 0, SA(to)));
		EQ(28, TEXT(server, "x")->from_len);
	}
	CASE("D3.1.4-12", "a whole message has MSG_EOR") {
		struct many m = many_pair();

		EQ(10, send_text(m.client, m.at_client, "0123456789", 0, 0));
		OK(poll_within(m.server, POLLIN, 5000));
		struct message *got = receive_flags(m.server, 100, 0);
		EQ(10, got->len);
		EQ(MSG_EOR, got->flags);
	}
	CASE("D3.1.4-13 D3.1.4-17", "a buffer that is too small gets parts with the same values, the last with MSG_EOR") {
		struct many m = many_pair();
		struct sctp_sndrcvinfo info = { .sinfo_assoc_id = m.at_client, .sinfo_stream = 3, .sinfo_ppid = 9 };
		struct outgoing out = { .data = pattern(100), .len = 100, .sndrcv = &info };

		EQ(100, send_out(m.client, &out));
		struct message first = *(OK(poll_within(m.server, POLLIN, 5000)), receive_flags(m.server, 40, MSG_TRUNC));
		struct message second = *receive_flags(m.server, 40, 0), *third = receive_flags(m.server, 40, 0);
		EQ(40, first.len);
		EQ(0, first.flags);
		EQ(40, second.len);
		EQ(0, second.flags);
		EQ(20, third->len);
		EQ(MSG_EOR, third->flags);
		EXPECT(memcmp(first.data, pattern(100), 40) == 0 && memcmp(second.data, pattern(100) + 40, 40) == 0);
		EXPECT(memcmp(third->data, pattern(100) + 80, 20) == 0);
		EQ(0, memcmp(&first.sndrcv, &third->sndrcv, sizeof(first.sndrcv)));
		EQ(0, memcmp(&second.sndrcv, &third->sndrcv, sizeof(first.sndrcv)));
		EQ(3, first.sndrcv.sinfo_stream);
	}
	CASE("D3.1.4-14", "a message larger than the receive buffer comes in parts") {
		struct many m = large(20000);
		struct sctp_sndrcvinfo info = { .sinfo_assoc_id = m.at_client };
		struct outgoing out = { .data = pattern(200000), .len = 200000, .sndrcv = &info };
		size_t sum = 0;
		int parts = 0;

		EQ(200000, send_out(m.client, &out));
		for (int ended = 0; !ended; parts++) {
			struct message *got = RECEIVE(m.server);
			EXPECT(!(got->flags & MSG_NOTIFICATION));
			EXPECT(memcmp(got->data, pattern(200000) + sum, (size_t)got->len) == 0);
			sum += (size_t)got->len;
			ended = got->flags & MSG_EOR;
			EQ(sum == 200000, ended != 0);
		}
		EXPECT(parts > 2);
	}
	CASE("D3.1.4-15 D10-6", "by default nothing comes between the parts of a message") {
		struct many m = large(20000);
		sctp_assoc_t at_server, at_client;
		int other = more_client(&m, &at_server, &at_client);
		struct sctp_sndrcvinfo info = { .sinfo_assoc_id = m.at_client };
		struct outgoing out = { .data = pattern(100000), .len = 100000, .sndrcv = &info };
		size_t sum = 0;

		EQ(0, int_option(m.server, IPPROTO_SCTP, SCTP_FRAGMENT_INTERLEAVE));
		EQ(100000, send_out(m.client, &out));
		usleep(300000);
		EQ(5, send_text(other, at_client, "other", 0, 0));
		usleep(100000);
		for (int ended = 0; !ended;) {
			struct message *got = RECEIVE(m.server);
			EQ(m.at_server, got->sndrcv.sinfo_assoc_id);
			sum += (size_t)got->len;
			ended = got->flags & MSG_EOR;
		}
		EQ(100000, sum);
		TEXT(m.server, "other");
	}
	LINUX_CASE("D3.1.4-16", "a branched-off socket sends to the primary, whatever the address") {
		struct many m = two_homed();
		int new = OK(sctp_peeloff(m.client, m.at_client));
		struct sockaddr_in foreign = v4(4, port(3));

		EQ(1, sendto(new, "x", 1, 0, SA(foreign)));
		struct message *got;
		do
			got = RECEIVE(m.server);
		while (got->flags & MSG_NOTIFICATION);
		EQ(m.at_server, got->sndrcv.sinfo_assoc_id);
	}
	RFC_CASE("D3.1.4-16", "a branched-off socket sends to another address of the peer if the call says so") {
		wire_start();
		struct many m = two_homed();
		int new = OK(sctp_peeloff(m.client, m.at_client));
		struct sockaddr_in second = v4(2, port(8)), foreign = v4(4, port(3));

		EQ(1, sendto(new, "x", 1, 0, SA(second)));
		EQ(0x7f000002, WIRE(DATA, 0)->destination);
		EQ(1, sendto(new, "x", 1, 0, SA(foreign)));
		EQ(0x7f000001, WIRE(DATA, 1)->destination);
		EQ(1, send(new, "x", 1, 0));
		EQ(0x7f000001, WIRE(DATA, 2)->destination);
	}
	LINUX_CASE("D3.1.4-18 D6.1-11", "an address without data is EINVAL") {
		listening(SOCK_SEQPACKET, 0);
		struct sockaddr_in to = v4(1, port(0));
		struct outgoing out = { .data = "", .to = (void *)&to, .to_len = sizeof(to) };

		FAILS(EINVAL, send_out(many_style(), &out));
		FAILS(EINVAL, send_out(tcp_style(), &out));
	}
	RFC_CASE("D3.1.4-18", "an address without data begins an association") {
		wire_start();
		int server = listening(SOCK_SEQPACKET, 0), client = many_style();
		struct sockaddr_in to = v4(1, port(0));
		struct outgoing out = { .data = "", .to = (void *)&to, .to_len = sizeof(to) };

		subscribe_to(server, SCTP_ASSOC_CHANGE, 1);
		EQ(0, send_out(client, &out));
		CHANGE(server, SCTP_COMM_UP);
		EQ(0, wire_count(DATA));
		FAILS(EINVAL, send_out(client, &out));
		EQ(1, wire_count(INIT));
	}
	CASE("D3.1.4-19", "SCTP_EOF and SCTP_ABORT need an association") {
		struct sockaddr_in to = v4(1, port(0));
		struct sctp_sndrcvinfo info = { .sinfo_flags = SCTP_EOF };
		struct outgoing out = { .data = "", .to = (void *)&to, .to_len = sizeof(to), .sndrcv = &info };

		FAILS(EINVAL, send_out(many_style(), &out));
		info.sinfo_flags = SCTP_ABORT;
		FAILS(EINVAL, send_out(many_style(), &out));
	}
	CASE("D3.1.4-20", "a message is taken whole or not at all") {
		struct many m = many_pair();

		fill(m.client, m.at_client, 3000);
		struct sctp_sndrcvinfo info = { .sinfo_assoc_id = m.at_client };
		struct outgoing out = { .data = pattern(100000), .len = 100000, .sndrcv = &info, .flags = MSG_DONTWAIT };
		FAILS(EAGAIN, send_out(m.client, &out));
		while (poll_within(m.server, POLLIN, 300) & POLLIN) {
			struct message *got = receive_flags(m.server, 10000, 0);
			EQ(3000, got->len);
		}
	}
	CASE("D3.1.4-21", "without address and association a send is EPIPE, with SIGPIPE") {
		struct many m = many_pair();

		signal(SIGPIPE, signalled);
		FAILS(EPIPE, send_text(m.client, 0, "x", 0, 0));
		FAILS(EPIPE, send_text(m.client, m.at_client + 1000, "x", 0, 0));
		sigset_t set;
		sigemptyset(&set);
		sigaddset(&set, SIGPIPE);
		sigprocmask(SIG_BLOCK, &set, NULL);
		FAILS(EPIPE, send(m.client, "x", 1, 0));
		sigpending(&set);
		EXPECT(sigismember(&set, SIGPIPE));
	}
	LINUX_CASE("D3.1.4-22", "the address decides, not the id") {
		struct many m = many_pair();
		int second = listening(SOCK_SEQPACKET, 0);
		struct sockaddr_in to = v4(1, port(0));
		struct sctp_sndrcvinfo info = { .sinfo_assoc_id = m.at_client };
		struct outgoing out = { .data = "x", .len = 1, .to = (void *)&to, .to_len = sizeof(to), .sndrcv = &info };

		EQ(1, send_out(m.client, &out));
		TEXT(second, "x");
	}
	RFC_CASE("D3.1.4-22", "an address of nobody with the id of somebody is EINVAL, and a known address decides") {
		struct many m = many_pair();
		int second = listening(SOCK_SEQPACKET, 0);
		struct sockaddr_in to = v4(1, port(0)), known = v4(1, port(8));
		struct sctp_sndrcvinfo info = { .sinfo_assoc_id = m.at_client };
		struct outgoing out = { .data = "x", .len = 1, .to = (void *)&to, .to_len = sizeof(to), .sndrcv = &info };

		FAILS(EINVAL, send_out(m.client, &out));
		QUIET(second, 100);
		out.to = (void *)&known;
		EQ(1, send_out(m.client, &out));
		TEXT(m.server, "x");
		info.sinfo_assoc_id = 0;
		EQ(1, send_out(m.client, &out));
		TEXT(m.server, "x");
	}
	CASE("D3.1.4-23", "without associations, and not listening, there is nothing to wait for") {
		int fd = many_style();

		FAILS(ENOTCONN, recv(fd, (char[8]){ 0 }, 8, 0));
		FAILS(EAGAIN, recv(fd, (char[8]){ 0 }, 8, MSG_DONTWAIT));
		struct many m = many_pair();
		EQ(0, send_text(m.server, m.at_server, "", 0, SCTP_ABORT));
		CHANGE(m.client, SCTP_COMM_LOST);
		FAILS(ENOTCONN, recv(m.client, (char[8]){ 0 }, 8, 0));
	}
	CASE("D3.1.4-24", "a reply goes by the id alone") {
		struct many m = many_pair();

		EQ(2, send_text(m.client, m.at_client, "hi", 2, 0));
		struct message *got = TEXT(m.server, "hi");
		struct outgoing out = { .data = "yo", .len = 2, .sndrcv = &got->sndrcv };
		EQ(2, send_out(m.server, &out));
		EQ(2, TEXT(m.client, "yo")->sndrcv.sinfo_stream);
	}
	return cases_done();
}
