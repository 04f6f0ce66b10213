/* Sections 4.1.5 to 4.1.9 of the draft: connect(), close(), shutdown(), sendmsg(), getpeername() on one-to-one sockets. */
#include "conform.h"

static char byte[8];

/* A pair whose other end does not read, with data on its way to it. */
static void stalled_pair(int ends[2])
{
	int listener = bound(SOCK_STREAM, 9);

	set_int(listener, SOL_SOCKET, SO_RCVBUF, 5000);
	OK(listen(listener, 1));
	ends[0] = tcp_style();
	OK(connect_to(ends[0], 9));
	ends[1] = OK(accept(listener, NULL, NULL));
	for (int each = 0; each < 12; each++)
		EQ(2000, send(ends[0], pattern(2000), 2000, 0));
}

/* One client with addresses 1 and 2 of a server, connected. */
static void two_homed(int ends[2])
{
	struct sockaddr_in list[2] = { v4(1, port(8)), v4(2, port(8)) };
	int listener = tcp_style();

	OK(sctp_bindx(listener, (struct sockaddr *)list, 2, SCTP_BINDX_ADD_ADDR));
	OK(listen(listener, 1));
	ends[0] = tcp_style();
	subscribe_to(ends[0], SCTP_PEER_ADDR_CHANGE, 1);
	OK(connect(ends[0], SA(list[0])));
	ends[1] = OK(accept(listener, NULL, NULL));
	while (EVENT(ends[0], SCTP_PEER_ADDR_CHANGE)->event.sn_paddr_change.spc_state != SCTP_ADDR_CONFIRMED)
		;
}

static void abort_it(int fd)
{
	struct linger hard = { 1, 0 };

	OK(setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)));
	OK(close(fd));
}

int main(void)
{
	CASE("D4.1.5-2 D5.2.1-3", "ten streams by default, or as the peer allows") {
		int listener = listening(SOCK_STREAM, 0);
		struct sctp_status status = { 0 };
		socklen_t len = sizeof(status);
		struct sctp_initmsg few = { .sinit_max_instreams = 6 };

		for (int each = 0; each < 2; each++) {
			int client = tcp_style();

			OK(connect_to(client, 0));
			OK(getsockopt(client, IPPROTO_SCTP, SCTP_STATUS, &status, &len));
			EQ(each ? 6 : 10, status.sstat_outstrms);
			OK(setsockopt(listener, IPPROTO_SCTP, SCTP_INITMSG, &few, sizeof(few)));
		}
	}
	CASE("D4.1.5-3", "SCTP_INITMSG changes the streams of a connect") {
		wire_start();
		int listener = listening(SOCK_STREAM, 0), client = tcp_style();
		struct sctp_initmsg four = { .sinit_num_ostreams = 4 };
		struct sctp_status status = { 0 };
		socklen_t len = sizeof(status);

		OK(setsockopt(client, IPPROTO_SCTP, SCTP_INITMSG, &four, sizeof(four)));
		OK(connect_to(client, 0));
		OK(getsockopt(client, IPPROTO_SCTP, SCTP_STATUS, &status, &len));
		EQ(4, status.sstat_outstrms);
		EQ(4, WIRE(INIT, 0)->value[9]);
		EXPECT(listener >= 0);
	}
	CASE("D4.1.5-8 D4.1.8-4 D4-3 D9-9", "sending begins an association on a one-to-one socket too") {
		int listener = listening(SOCK_STREAM, 0), client = tcp_style();
		struct sockaddr_in to = v4(1, port(0));

		EQ(2, sendto(client, "hi", 2, 0, SA(to)));
		int server = OK(accept(listener, NULL, NULL));
		TEXT(server, "hi");
		EQ(2, send(server, "yo", 2, 0));
		EQ(2, recv(client, byte, 8, 0));
#ifdef HAVE_SCTP_NOCONNECT
		if (!is_kernel())
			EQ(1, HAVE_SCTP_NOCONNECT + 0);
#endif
	}
	RFC_CASE("D4.1.5-9", "MSG_EOF in the flags of a send is EINVAL") {
		int listener = listening(SOCK_STREAM, 0), ends[2];
		struct sockaddr_in to = v4(1, port(0));

		FAILS(EINVAL, sendto(tcp_style(), "x", 1, 0x200, SA(to)));
		tcp_pair(ends);
		FAILS(EINVAL, send(ends[0], "x", 1, 0x200));
		EXPECT(listener >= 0);
	}
	CASE("D4.1.5-10", "results of connect that are known at once") {
		int listener = listening(SOCK_STREAM, 0), fd = tcp_style();
		struct sockaddr_in to = v4(1, port(0)), none = v4(1, 0);
		struct sockaddr_in6 six = v6(1, port(0));

		FAILS(EISCONN, connect_to(listener, 0));
		FAILS(EINVAL, connect(fd, (struct sockaddr *)&to, 8));
		FAILS(EINVAL, connect(fd, SA(six)));
		FAILS(EFAULT, connect(fd, NULL, 16));
		FAILS(ECONNREFUSED, connect(fd, SA(none)));
		to.sin_family = 77;
		FAILS(EINVAL, connect(fd, SA(to)));
		to.sin_family = AF_UNSPEC;
		FAILS(EOPNOTSUPP, connect(fd, SA(to)));
	}
	CASE("D4.1.5-10", "a non-blocking connect: EINPROGRESS, then POLLOUT") {
		int listener = listening(SOCK_STREAM, 0), fd = tcp_style();

		nonblocking(fd);
		FAILS(EINPROGRESS, connect_to(fd, 0));
		REACHES(fd, POLLOUT);
		EQ(0, int_option(fd, SOL_SOCKET, SO_ERROR));
		FAILS(EISCONN, connect_to(fd, 0));
		EXPECT(listener >= 0);
	}
	CASE("D4.1.5-10", "refused without blocking: POLLERR, and the error once") {
		for (int way = 0; way < 3; way++) {
			int fd = tcp_style();

			nonblocking(fd);
			FAILS(EINPROGRESS, connect_to(fd, 1));
			REACHES(fd, POLLERR);
			if (way == 0)
				EQ(ECONNREFUSED, int_option(fd, SOL_SOCKET, SO_ERROR));
			else if (way == 1)
				FAILS(ECONNREFUSED, recv(fd, byte, 8, 0));
			else
				FAILS(ECONNREFUSED, send(fd, "x", 1, MSG_NOSIGNAL));
			REACHES(fd, 0);
			EQ(0, int_option(fd, SOL_SOCKET, SO_ERROR));
			FAILS(EAGAIN, recv(fd, byte, 8, 0));
			FAILS(EPIPE, send(fd, "x", 1, MSG_NOSIGNAL));
		}
	}
	CASE("D4.1.5-10", "a blocking connect that fails leaves its error once") {
		int fd = tcp_style();

		FAILS(ECONNREFUSED, connect_to(fd, 1));
		FAILS(ECONNREFUSED, recv(fd, byte, 8, 0));
		EQ(0, int_option(fd, SOL_SOCKET, SO_ERROR));
	}
	CASE("D4.1.5-10", "while connecting") {
		struct silence quiet_peer = silence();
		struct sockaddr_in to = v4(quiet_peer.host, port(0)), name;
		struct timeval soon = { 0, 200000 };
		int fd = tcp_style(), other = tcp_style();
		socklen_t len = sizeof(name);

		nonblocking(fd);
		FAILS(EINPROGRESS, connect(fd, SA(to)));
		FAILS(EALREADY, connect(fd, SA(to)));
		REACHES(fd, 0);
		FAILS(EPIPE, send(fd, "x", 1, MSG_NOSIGNAL));
		FAILS(EAGAIN, recv(fd, byte, 8, 0));
		FAILS(ENOTCONN, getpeername(fd, (struct sockaddr *)&name, &len));
		EQ(1, sendto(fd, "x", 1, 0, SA(to)));
		FAILS(ENOTCONN, shutdown(fd, SHUT_WR));
		OK(setsockopt(other, SOL_SOCKET, SO_SNDTIMEO, &soon, sizeof(soon)));
		FAILS(EINPROGRESS, connect(other, SA(to)));
	}
	CASE("D4.1.5-11", "after the end, however it came, connect is EISCONN") {
		for (int way = 0; way < 3; way++) {
			int ends[2];

			tcp_pair(ends);
			if (way == 0)
				OK(close(ends[1]));
			else if (way == 1)
				abort_it(ends[1]);
			else
				OK(shutdown(ends[0], SHUT_WR));
			for (int left = 250; left > 0 && state_of(ends[0], 0) >= 0; left--)
				usleep(20000);
			FAILS(EISCONN, connect_to(ends[0], 9));
		}
	}
	CASE("D4.1.5-11", "after a failed connect a new one works") {
		int fd = tcp_style();

		FAILS(ECONNREFUSED, connect_to(fd, 0));
		int listener = listening(SOCK_STREAM, 0);
		OK(connect_to(fd, 0));
		OK(accept(listener, NULL, NULL));
	}
	CASE("D4.1.6-1", "close is the graceful end, after the data") {
		wire_start();
		int ends[2];

		tcp_pair(ends);
		EQ(4, send(ends[0], "last", 4, 0));
		OK(close(ends[0]));
		TEXT(ends[1], "last");
		EQ(0, recv(ends[1], byte, 8, 0));
		EXPECT(WIRE(DATA, 0)->packet <= WIRE(SHUTDOWN, 0)->packet);
		EXPECT(WIRE(SHUTDOWN, 0)->packet < WIRE(SHUTDOWN_ACK, 0)->packet);
		EXPECT(WIRE(SHUTDOWN_ACK, 0)->packet < WIRE(SHUTDOWN_COMPLETE, 0)->packet);
		EQ(0, wire_count(ABORT));
	}
	CASE("D4.1.6-2", "after close the descriptor is no one's") {
		int ends[2], on = 1;

		tcp_pair(ends);
		OK(close(ends[0]));
		FAILS(EBADF, send(ends[0], "x", 1, MSG_NOSIGNAL));
		FAILS(EBADF, recv(ends[0], byte, 8, 0));
		FAILS(EBADF, setsockopt(ends[0], IPPROTO_SCTP, SCTP_NODELAY, &on, sizeof(on)));
		FAILS(EBADF, close(ends[0]));
	}
	CASE("D4.1.6-3", "closing a listener ends those that wait, and not those that were accepted") {
		int listener = listening(SOCK_STREAM, 0), one = tcp_style(), two = tcp_style();

		OK(connect_to(one, 0));
		int server = OK(accept(listener, NULL, NULL));
		OK(connect_to(two, 0));
		OK(close(listener));
		EQ(0, recv(two, byte, 8, 0));
		EQ(1, send(one, "x", 1, 0));
		TEXT(server, "x");
	}
	CASE("D4.1.6-3", "closing a listener aborts those that have sent something") {
		int listener = listening(SOCK_STREAM, 0), one = tcp_style(), two = tcp_style();

		OK(connect_to(one, 0));
		int server = OK(accept(listener, NULL, NULL));
		OK(connect_to(two, 0));
		EQ(1, send(two, "x", 1, 0));
		usleep(100000);
		OK(close(listener));
		FAILS(ECONNRESET, recv(two, byte, 8, 0));
		FAILS(EPIPE, send(two, "x", 1, MSG_NOSIGNAL));
		EQ(1, send(one, "x", 1, 0));
		TEXT(server, "x");
	}
	CASE("D4.1.7-1", "SHUT_RD: nothing is received any more, nothing is told to the peer") {
		wire_start();
		int ends[2];

		tcp_pair(ends);
		OK(shutdown(ends[0], SHUT_RD));
		EQ(0, recv(ends[0], byte, 8, 0));
		REACHES(ends[0], POLLIN | POLLOUT | POLLRDHUP);
		EQ(1, send(ends[1], "x", 1, 0));
		usleep(100000);
		EQ(0, recv(ends[0], byte, 8, 0));
		EQ(2, send(ends[0], "hi", 2, 0));
		TEXT(ends[1], "hi");
		EQ(0, wire_count(SHUTDOWN));
	}
	CASE("D4.1.7-2", "SHUT_WR: SHUTDOWN after the queued data, ESHUTDOWN and then EPIPE") {
		wire_start();
		int ends[2];

		stalled_pair(ends);
		OK(shutdown(ends[0], SHUT_WR));
		FAILS(ESHUTDOWN, send(ends[0], "x", 1, MSG_NOSIGNAL));
		EQ(0, wire_count(SHUTDOWN));
		for (int each = 0; each < 12; each++)
			EQ(2000, RECEIVE(ends[1])->len);
		EQ(0, recv(ends[1], byte, 8, 0));
		WIRE(SHUTDOWN, 0);
		for (int left = 250; left > 0 && state_of(ends[0], 0) >= 0; left--)
			usleep(20000);
		FAILS(EPIPE, send(ends[0], "x", 1, MSG_NOSIGNAL));
	}
	CASE("D4.1.7-3", "SHUT_RDWR does both") {
		int ends[2];

		stalled_pair(ends);
		OK(shutdown(ends[0], SHUT_RDWR));
		EQ(0, recv(ends[0], byte, 8, 0));
		FAILS(ESHUTDOWN, send(ends[0], "x", 1, MSG_NOSIGNAL));
		REACHES(ends[0], POLLIN | POLLOUT | POLLRDHUP | POLLHUP);
		for (int each = 0; each < 12; each++)
			EQ(2000, RECEIVE(ends[1])->len);
		EQ(0, recv(ends[1], byte, 8, 0));
	}
	CASE("D4.1.7-4", "SHUT_WR ends the association for both, and leaves the descriptor") {
		int ends[2];

		tcp_pair(ends);
		subscribe_to(ends[0], SCTP_ASSOC_CHANGE, 1);
		EQ(5, send(ends[1], "early", 5, 0));
		EXPECT(poll_within(ends[0], POLLIN, 5000) & POLLIN);
		OK(shutdown(ends[0], SHUT_WR));
		EQ(0, recv(ends[1], byte, 8, 0));
		EQ(-1, send(ends[1], "x", 1, MSG_NOSIGNAL));
		EXPECT(errno == ESHUTDOWN || errno == EPIPE);
		TEXT(ends[0], "early");
		CHANGE(ends[0], SCTP_SHUTDOWN_COMP);
	}
	CASE("D4.1.7-5", "what was not delivered comes back") {
		int ends[2];

		stalled_pair(ends);
		subscribe_to(ends[0], SCTP_ASSOC_CHANGE, 1);
		subscribe_to(ends[0], SCTP_SEND_FAILED, 1);
		OK(shutdown(ends[0], SHUT_WR));
		abort_it(ends[1]);
		CHANGE(ends[0], SCTP_COMM_LOST);
		EVENT(ends[0], SCTP_SEND_FAILED);
	}
	CASE("D4.1.7-6", "SO_LINGER with no time: close is ABORT") {
		wire_start();
		int ends[2];

		tcp_pair(ends);
		abort_it(ends[0]);
		FAILS(ECONNRESET, recv(ends[1], byte, 8, 0));
		EQ(0, wire_count(SHUTDOWN));
		EQ(1, wire_count(ABORT));
	}
	CASE("D4.1.7-7", "end of file") {
		int ends[2];

		tcp_pair(ends);
		subscribe_to(ends[1], SCTP_SHUTDOWN_EVENT, 1);
		subscribe_to(ends[1], SCTP_ASSOC_CHANGE, 1);
		EQ(1, send(ends[0], "x", 1, 0));
		OK(shutdown(ends[0], SHUT_WR));
		TEXT(ends[1], "x");
		EVENT(ends[1], SCTP_SHUTDOWN_EVENT);
		CHANGE(ends[1], SCTP_SHUTDOWN_COMP);
		for (int each = 0; each < 3; each++)
			EQ(0, recv(ends[1], byte, 8, 0));
		FAILS(ENOTCONN, recv(ends[0], byte, 8, 0));
		FAILS(EAGAIN, recv(ends[0], byte, 8, MSG_DONTWAIT));
	}
	CASE("D4.1.7-7", "after SHUT_RD or SHUT_RDWR nothing is read") {
		for (int how = 0; how < 2; how++) {
			int ends[2];

			tcp_pair(ends);
			OK(shutdown(ends[0], how ? SHUT_RDWR : SHUT_RD));
			EQ(0, recv(ends[0], byte, 8, 0));
		}
	}
	CASE("D4.1.7-8", "errors of shutdown") {
		int listener = listening(SOCK_STREAM, 0), ends[2];

		FAILS(ENOTCONN, shutdown(tcp_style(), SHUT_WR));
		FAILS(EINVAL, shutdown(tcp_style(), 3));
		OK(shutdown(listener, SHUT_WR));
		FAILS(EOPNOTSUPP, shutdown(listener, SHUT_RD));
		FAILS(EOPNOTSUPP, shutdown(listener, SHUT_RDWR));
		OK(connect_to(tcp_style(), 0));
		tcp_pair(ends);
		OK(shutdown(ends[0], SHUT_WR));
		OK(shutdown(ends[0], SHUT_WR));
	}
	LINUX_CASE("D4.1.7-9", "shutdown on a one-to-many socket is ENOTCONN, on a branched-off one it ends reading") {
		struct many m = many_pair();

		FAILS(ENOTCONN, shutdown(m.client, SHUT_WR));
		FAILS(ENOTCONN, shutdown(many_style(), SHUT_RDWR));
		FAILS(EINVAL, shutdown(m.server, 3));
		struct many n = m;
		sctp_assoc_t at_server, at_client;
		int client = more_client(&n, &at_server, &at_client), new = OK(sctp_peeloff(m.server, at_server));
		OK(shutdown(new, SHUT_RDWR));
		EQ(0, recv(new, byte, 8, 0));
		QUIET(client, 100);
	}
	RFC_CASE("D4.1.7-9", "shutdown on a one-to-many socket is not supported") {
		struct many m = many_pair();

		FAILS(EOPNOTSUPP, shutdown(m.server, SHUT_WR));
		FAILS(EOPNOTSUPP, shutdown(m.server, SHUT_RD));
		FAILS(EINVAL, shutdown(m.server, 3));
		EQ(1, send_text(m.client, m.at_client, "x", 0, 0));
		TEXT(m.server, "x");
	}
	CASE("D4.1.8-1 D5.1-2", "sendmsg and recvmsg work on one-to-one sockets as on others") {
		int ends[2];
		struct sctp_sndrcvinfo info = { .sinfo_stream = 2, .sinfo_ppid = 5 };
		struct outgoing out = { .data = pattern(100), .len = 100, .sndrcv = &info };

		tcp_pair(ends);
		subscribe_to(ends[1], SCTP_DATA_IO_EVENT, 1);
		EQ(100, send_out(ends[0], &out));
		EXPECT(poll_within(ends[1], POLLIN, 5000) & POLLIN);
		struct message *got = receive_flags(ends[1], 60, 0);
		EQ(60, got->len);
		EQ(0, got->flags);
		EQ(2, got->sndrcv.sinfo_stream);
		EQ(5, got->sndrcv.sinfo_ppid);
		got = receive_flags(ends[1], 60, 0);
		EQ(40, got->len);
		EQ(MSG_EOR, got->flags);
	}
	CASE("D4.1.8-2 D6.1-2", "an address is another way to the peer, for that message") {
		wire_start();
		int ends[2];
		struct sockaddr_in second = v4(2, port(8));

		two_homed(ends);
		EQ(1, sendto(ends[0], "x", 1, 0, SA(second)));
		EQ(0x7f000002, WIRE(DATA, 0)->destination);
		EQ(1, send(ends[0], "x", 1, 0));
		EQ(0x7f000001, WIRE(DATA, 1)->destination);
	}
	CASE("D4.1.8-3", "an address of somebody else is EADDRNOTAVAIL where failures are not told of") {
		int ends[2];
		struct sockaddr_in other = v4(3, port(9)), wrong_port = v4(1, port(3));

		tcp_pair(ends);
		FAILS(EADDRNOTAVAIL, sendto(ends[0], "x", 1, MSG_NOSIGNAL, SA(other)));
		FAILS(EADDRNOTAVAIL, sendto(ends[0], "x", 1, MSG_NOSIGNAL, SA(wrong_port)));
		QUIET(ends[1], 100);
	}
	LINUX_CASE("D4.1.8-3", "an address of somebody else is EADDRNOTAVAIL in any case") {
		int ends[2];
		struct sockaddr_in other = v4(3, port(9));

		tcp_pair(ends);
		subscribe_to(ends[0], SCTP_SEND_FAILED, 1);
		FAILS(EADDRNOTAVAIL, sendto(ends[0], "x", 1, MSG_NOSIGNAL, SA(other)));
		QUIET(ends[0], 50);
	}
	RFC_CASE("D4.1.8-3", "with failures told of, a message to somebody else comes back") {
		int ends[2];
		struct sockaddr_in other = v4(3, port(9));

		tcp_pair(ends);
		subscribe_to(ends[0], SCTP_SEND_FAILED, 1);
		EQ(5, sendto(ends[0], "stray", 5, 0, SA(other)));
		struct message *got = EVENT(ends[0], SCTP_SEND_FAILED);
		EQ(SCTP_DATA_UNSENT, got->event.sn_send_failed.ssf_flags);
		EQ(0, memcmp(got->data + sizeof(struct sctp_send_failed), "stray", 5));
		QUIET(ends[1], 100);
	}
	CASE("D4.1.9-1", "getpeername gives the peer's primary address") {
		int ends[2];
		struct sockaddr_in name;
		socklen_t len = sizeof(name);

		two_homed(ends);
		OK(getpeername(ends[0], (struct sockaddr *)&name, &len));
		EQ(htonl(0x7f000001), name.sin_addr.s_addr);
		EQ(port(8), ntohs(name.sin_port));
		OK(getpeername(ends[1], (struct sockaddr *)&name, &len));
		EQ(port_of(ends[0]), ntohs(name.sin_port));
		struct sockaddr_in second = v4(2, port(8));
		struct sctp_prim prim = { 0 };
		memcpy(&prim.ssp_addr, &second, sizeof(second));
		OK(setsockopt(ends[0], IPPROTO_SCTP, SCTP_PRIMARY_ADDR, &prim, sizeof(prim)));
		OK(getpeername(ends[0], (struct sockaddr *)&name, &len));
		EQ(htonl(is_personality("linux") ? 0x7f000001 : 0x7f000002), name.sin_addr.s_addr);
	}
	CASE("D4.1.9-2", "a one-to-many socket has no peer, a branched-off one has") {
		struct many m = many_pair();
		struct sockaddr_in name;
		socklen_t len = sizeof(name);

		FAILS(ENOTCONN, getpeername(m.server, (struct sockaddr *)&name, &len));
		FAILS(ENOTCONN, getpeername(many_style(), (struct sockaddr *)&name, &len));
		OK(getpeername(OK(sctp_peeloff(m.server, m.at_server)), (struct sockaddr *)&name, &len));
		EQ(port_of(m.client), ntohs(name.sin_port));
	}
	CASE("D4.1.9-3 D6.4-2", "names are of the socket's family, or mapped") {
		int listener = OK(socket(AF_INET6, SOCK_STREAM, IPPROTO_SCTP)), client = tcp_style();
		struct sockaddr_in6 any = v6(0, port(0)), name;
		socklen_t len = sizeof(name);

		OK(bind(listener, SA(any)));
		OK(listen(listener, 1));
		OK(connect_to(client, 0));
		int server = OK(accept(listener, NULL, NULL));
		OK(getpeername(server, (struct sockaddr *)&name, &len));
		EQ(AF_INET6, name.sin6_family);
		EXPECT(IN6_IS_ADDR_V4MAPPED(&name.sin6_addr));
		EQ(28, len);
		struct sockaddr_in four;
		len = sizeof(four);
		OK(getpeername(client, (struct sockaddr *)&four, &len));
		EQ(AF_INET, four.sin_family);
		OK(getsockname(client, (struct sockaddr *)&four, &len));
		EQ(AF_INET, four.sin_family);
	}
	CASE("D4.1.9-4 D4.1.9-5 D6.4-3", "the length goes in and comes out, and the address is cut") {
		int ends[2];

		tcp_pair(ends);
		for (int which = 0; which < 2; which++) {
			int (*name)(int, struct sockaddr *, socklen_t *) = which ? getsockname : getpeername;
			unsigned char room[128];
			socklen_t len = sizeof(room), negative = (socklen_t)-1;

			OK(name(ends[0], (struct sockaddr *)room, &len));
			EQ(16, len);
			memset(room, 0xee, sizeof(room));
			len = 8;
			OK(name(ends[0], (struct sockaddr *)room, &len));
			EQ(16, len);
			EXPECT(room[0] == AF_INET && room[4] == 127);
			EQ(0xee, room[8]);
			FAILS(EINVAL, name(ends[0], (struct sockaddr *)room, &negative));
		}
	}
	CASE("D4.1.9-6", "no peer: ENOTCONN; after the end the name stays") {
		int ends[2];
		struct sockaddr_in name;
		socklen_t len = sizeof(name);

		FAILS(ENOTCONN, getpeername(tcp_style(), (struct sockaddr *)&name, &len));
		tcp_pair(ends);
		OK(close(ends[1]));
		EQ(0, recv(ends[0], byte, 8, 0));
		usleep(100000);
		OK(getpeername(ends[0], (struct sockaddr *)&name, &len));
	}
	return cases_done();
}
