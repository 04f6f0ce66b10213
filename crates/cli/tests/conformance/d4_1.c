/* Sections 4 to 4.1.4 of the draft: one-to-one sockets, socket(), bind(), listen(), accept(). */
#include "conform.h"

static void *connect_soon(void *which)
{
	usleep(200000);
	connect_to(tcp_style(), *(int *)which);
	return NULL;
}

int main(void)
{
	CASE("D4-1 D4.1-1 D4.1-3", "an echo server and client as with TCP") {
		int listener = listening(SOCK_STREAM, 0), client = tcp_style();
		char back[16];

		OK(connect_to(client, 0));
		int server = OK(accept(listener, NULL, NULL));
		EQ(5, send(client, "hello", 5, 0));
		EQ(5, recv(server, back, sizeof(back), 0));
		EQ(5, send(server, back, 5, 0));
		EQ(5, recv(client, back, sizeof(back), 0));
		EQ(0, memcmp(back, "hello", 5));
		OK(close(client));
		EQ(0, recv(server, back, sizeof(back), 0));
		OK(close(server));
	}
	CASE("D4-2", "a stream is chosen with sendmsg") {
		int ends[2];

		tcp_pair(ends);
		subscribe_to(ends[1], SCTP_DATA_IO_EVENT, 1);
		EQ(1, send_text(ends[0], 0, "x", 4, 0));
		EQ(4, TEXT(ends[1], "x")->sndrcv.sinfo_stream);
		EQ(1, send(ends[0], "y", 1, 0));
		EQ(0, TEXT(ends[1], "y")->sndrcv.sinfo_stream);
	}
	CASE("D4-4", "a one-to-one socket is connected once") {
		int other = listening(SOCK_STREAM, 1), ends[2];

		tcp_pair(ends);
		FAILS(EISCONN, connect_to(ends[0], 1));
		FAILS(EISCONN, connect_to(ends[0], 9));
		OK(close(ends[1]));
		REACHES(ends[0], POLLIN | POLLOUT | POLLRDHUP);
		FAILS(EISCONN, connect_to(ends[0], 1));
		EXPECT(other >= 0);
	}
	CASE("D4.1-2", "accept waits for an association") {
		int which = 0, listener = listening(SOCK_STREAM, which);
		pthread_t other;
		double begun = seconds();

		pthread_create(&other, NULL, connect_soon, &which);
		OK(accept(listener, NULL, NULL));
		EXPECT(seconds() - begun > 0.1);
	}
	CASE("D4.1.1-1", "SOCK_STREAM makes one-to-one sockets of both families") {
		int families[2] = { PF_INET, PF_INET6 };

		for (int each = 0; each < 2; each++) {
			int fd = OK(socket(families[each], SOCK_STREAM, IPPROTO_SCTP));

			EQ(SOCK_STREAM, int_option(fd, SOL_SOCKET, SO_TYPE));
			EQ(132, int_option(fd, SOL_SOCKET, SO_PROTOCOL));
			EQ(families[each], int_option(fd, SOL_SOCKET, SO_DOMAIN));
		}
	}
	CASE("D4.1.2-7 D4.1.5-4", "connect binds a port and all addresses") {
		int listener = listening(SOCK_STREAM, 0), client = tcp_style();
		struct sctp_status status = { 0 };
		socklen_t len = sizeof(status);

		OK(connect_to(client, 0));
		EXPECT(port_of(client) >= 1024);
		EXPECT(local_count(client, 0) >= 1);
		OK(getsockopt(client, IPPROTO_SCTP, SCTP_STATUS, &status, &len));
		EQ(htonl(0x7f000001), ((struct sockaddr_in *)&status.sstat_primary.spinfo_address)->sin_addr.s_addr);
		EXPECT(listener >= 0);
	}
	CASE("D4.1.3-1", "connect succeeds before accept is called") {
		listening(SOCK_STREAM, 0);
		OK(connect_to(tcp_style(), 0));
	}
	CASE("D4.1.3-2", "the backlog and one more wait, the next is refused") {
		for (int backlog = 1; backlog <= 2; backlog++) {
			int listener = bound(SOCK_STREAM, backlog);

			OK(listen(listener, backlog));
			for (int each = 0; each <= backlog; each++)
				OK(connect_to(tcp_style(), backlog));
			FAILS(ECONNREFUSED, connect_to(tcp_style(), backlog));
			OK(accept(listener, NULL, NULL));
			OK(connect_to(tcp_style(), backlog));
		}
	}
	CASE("D4.1.3-4", "a backlog of 0 turns new associations away") {
		int listener = listening(SOCK_STREAM, 0);

		OK(connect_to(tcp_style(), 0));
		OK(listen(listener, 0));
		FAILS(ECONNREFUSED, connect_to(tcp_style(), 0));
	}
	LINUX_CASE("D4.1.3-4", "after a backlog of 0 those that wait are aborted by close") {
		int listener = listening(SOCK_STREAM, 0), client = tcp_style();

		OK(connect_to(client, 0));
		OK(listen(listener, 0));
		FAILS(EINVAL, accept(listener, NULL, NULL));
		EQ(1, send(client, "x", 1, 0));
		OK(close(listener));
		FAILS(ECONNRESET, recv(client, (char[8]){ 0 }, 8, 0));
	}
	RFC_CASE("D4.1.3-4", "after a backlog of 0 those that wait can be accepted") {
		int listener = listening(SOCK_STREAM, 0), client = tcp_style();

		OK(connect_to(client, 0));
		OK(listen(listener, 0));
		EQ(POLLIN, polled(listener));
		int server = OK(accept(listener, NULL, NULL));
		EQ(1, send(client, "x", 1, 0));
		TEXT(server, "x");
		FAILS(EINVAL, accept(listener, NULL, NULL));
		OK(listen(listener, 1));
		OK(connect_to(tcp_style(), 0));
		OK(accept(listener, NULL, NULL));
	}
	CASE("D4.1.3-5", "listen on a socket that connects") {
		struct silence quiet_peer = silence();
		struct sockaddr_in to = v4(quiet_peer.host, port(0));
		int connecting = tcp_style();

		nonblocking(connecting);
		FAILS(EINPROGRESS, connect(connecting, SA(to)));
		OK(listen(connecting, 1));
	}
	CASE("D4.1.3-5", "listen on a connected socket, and on one that is not bound") {
		int fresh = tcp_style(), ends[2];

		tcp_pair(ends);
		FAILS(EINVAL, listen(ends[0], 1));
		FAILS(EINVAL, listen(ends[1], 1));
		OK(listen(fresh, 1));
		EXPECT(port_of(fresh) >= 1024);
	}
	CASE("D4.1.4-1", "accept takes the first and leaves the listener") {
		int listener = listening(SOCK_STREAM, 0), first = bound(SOCK_STREAM, 1), second = bound(SOCK_STREAM, 2);
		struct sockaddr_in from;
		socklen_t len = sizeof(from);

		OK(connect_to(first, 0));
		OK(connect_to(second, 0));
		int one = OK(accept(listener, (struct sockaddr *)&from, &len));
		EQ(port(1), ntohs(from.sin_port));
		int two = OK(accept(listener, (struct sockaddr *)&from, &len));
		EQ(port(2), ntohs(from.sin_port));
		EXPECT(one != two && one != listener);
		OK(connect_to(tcp_style(), 0));
		OK(accept(listener, NULL, NULL));
	}
	CASE("D4.1.4-2 D4.1.4-3", "accept gives the peer's primary address and its length") {
		int listener = listening(SOCK_STREAM, 0), client = bound(SOCK_STREAM, 1);
		struct sockaddr_in small;
		socklen_t len = 8;

		memset(&small, 0xee, sizeof(small));
		OK(connect_to(client, 0));
		OK(accept(listener, (struct sockaddr *)&small, &len));
		EQ(16, len);
		EQ(port(1), ntohs(small.sin_port));
		EQ(htonl(0x7f000001), small.sin_addr.s_addr);
		EQ(0xee, ((unsigned char *)&small)[8]);
		struct sockaddr_in6 six = v6(1, port(2));
		int other = OK(socket(AF_INET6, SOCK_STREAM, IPPROTO_SCTP));
		OK(bind(other, SA(six)));
		OK(listen(other, 1));
		OK(connect(OK(socket(AF_INET6, SOCK_STREAM, IPPROTO_SCTP)), SA(six)));
		len = sizeof(six);
		OK(accept(other, (struct sockaddr *)&six, &len));
		EQ(28, len);
		EQ(AF_INET6, six.sin6_family);
	}
	CASE("D4.1.4-4", "accept without a place for the address") {
		int listener = listening(SOCK_STREAM, 0);

		OK(connect_to(tcp_style(), 0));
		OK(accept(listener, NULL, 0));
	}
	CASE("D4.1.4-5", "errors of accept") {
		int listener = listening(SOCK_STREAM, 0), ends[2];
		struct many m = many_pair();

		tcp_pair(ends);
		nonblocking(listener);
		FAILS(EAGAIN, accept(listener, NULL, NULL));
		FAILS(EINVAL, accept(tcp_style(), NULL, NULL));
		FAILS(EINVAL, accept(ends[0], NULL, NULL));
		FAILS(EOPNOTSUPP, accept(m.server, NULL, NULL));
		FAILS(EOPNOTSUPP, accept(OK(sctp_peeloff(m.server, m.at_server)), NULL, NULL));
		FAILS(EBADF, accept(999, NULL, NULL));
		FAILS(ENOTSOCK, accept(0, NULL, NULL));
	}
	CASE("D4.1.4-6", "one that ended while it waited can be accepted, with its data") {
		int listener = listening(SOCK_STREAM, 0), client = tcp_style();
		struct sockaddr_in name;
		socklen_t len = sizeof(name);

		OK(connect_to(client, 0));
		EQ(1, send(client, "x", 1, 0));
		OK(close(client));
		usleep(300000);
		int server = OK(accept(listener, NULL, NULL));
		TEXT(server, "x");
		EQ(0, recv(server, (char[8]){ 0 }, 8, 0));
		FAILS(EPIPE, send(server, "x", 1, MSG_NOSIGNAL));
		FAILS(ENOTCONN, getpeername(server, (struct sockaddr *)&name, &len));
	}
	CASE("D4.1.4-6", "one that was aborted while it waited reads as ended") {
		int listener = listening(SOCK_STREAM, 0), client = tcp_style();
		struct linger hard = { 1, 0 };

		OK(setsockopt(client, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)));
		OK(connect_to(client, 0));
		OK(close(client));
		usleep(200000);
		int server = OK(accept(listener, NULL, NULL));
		EQ(0, recv(server, (char[8]){ 0 }, 8, 0));
	}
	CASE("D4.1.4-7 B1-3 D5.3-2", "an accepted socket takes the listener's options over") {
		int listener = listening(SOCK_STREAM, 0), client = tcp_style();
		struct sctp_event_subscribe events = { .sctp_shutdown_event = 1 }, got_events;
		struct sctp_rtoinfo rto = { .srto_initial = 2500, .srto_max = 50000 }, got_rto = { 0 };
		struct sctp_initmsg init = { .sinit_num_ostreams = 9 }, got_init;
		struct linger linger = { 1, 3 }, got_linger;
		socklen_t len;

		set_int(listener, IPPROTO_SCTP, SCTP_NODELAY, 1);
		set_int(listener, IPPROTO_SCTP, SCTP_DISABLE_FRAGMENTS, 1);
		set_int(listener, IPPROTO_SCTP, SCTP_RECVRCVINFO, 1);
		set_int(listener, SOL_SOCKET, SO_SNDBUF, 30000);
		set_int(listener, SOL_SOCKET, SO_KEEPALIVE, 1);
		OK(setsockopt(listener, IPPROTO_SCTP, SCTP_EVENTS, &events, sizeof(events)));
		OK(setsockopt(listener, IPPROTO_SCTP, SCTP_RTOINFO, &rto, sizeof(rto)));
		OK(setsockopt(listener, IPPROTO_SCTP, SCTP_INITMSG, &init, sizeof(init)));
		OK(setsockopt(listener, SOL_SOCKET, SO_LINGER, &linger, sizeof(linger)));
		nonblocking(listener);
		OK(connect_to(client, 0));
		EXPECT(poll_within(listener, POLLIN, 5000) & POLLIN);
		int server = OK(accept(listener, NULL, NULL));
		EQ(1, int_option(server, IPPROTO_SCTP, SCTP_NODELAY));
		EQ(1, int_option(server, IPPROTO_SCTP, SCTP_DISABLE_FRAGMENTS));
		EQ(1, int_option(server, IPPROTO_SCTP, SCTP_RECVRCVINFO));
		EQ(60000, int_option(server, SOL_SOCKET, SO_SNDBUF));
		EQ(1, int_option(server, SOL_SOCKET, SO_KEEPALIVE));
		len = sizeof(got_events);
		OK(getsockopt(server, IPPROTO_SCTP, SCTP_EVENTS, &got_events, &len));
		EQ(1, got_events.sctp_shutdown_event);
		EQ(0, got_events.sctp_association_event);
		len = sizeof(got_rto);
		OK(getsockopt(server, IPPROTO_SCTP, SCTP_RTOINFO, &got_rto, &len));
		EQ(2500, got_rto.srto_initial);
		len = sizeof(got_init);
		OK(getsockopt(server, IPPROTO_SCTP, SCTP_INITMSG, &got_init, &len));
		EQ(9, got_init.sinit_num_ostreams);
		len = sizeof(got_linger);
		OK(getsockopt(server, SOL_SOCKET, SO_LINGER, &got_linger, &len));
		EQ(3, got_linger.l_linger);
		EXPECT(!(fcntl(server, F_GETFL) & O_NONBLOCK));
	}
	CASE("D4.1.4-8", "accept4 honours SOCK_NONBLOCK and SOCK_CLOEXEC") {
		int listener = listening(SOCK_STREAM, 0);

		OK(connect_to(tcp_style(), 0));
		int server = OK(accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC));
		EXPECT(fcntl(server, F_GETFL) & O_NONBLOCK);
		EXPECT(fcntl(server, F_GETFD) & FD_CLOEXEC);
		FAILS(EINVAL, accept4(listener, NULL, NULL, 1));
	}
	return cases_done();
}
