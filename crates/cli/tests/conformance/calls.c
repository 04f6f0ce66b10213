/* Section 6 of the draft: send(), recv(), options, read(), write(), getsockname(). */
#include "conform.h"

static char byte[64];

static void ignored(int signal)
{
	(void)signal;
}

int main(void)
{
	CASE("D6.1-1 D6.1-3 D6.3-1", "send, sendto, write and recv, recvfrom, read") {
		int ends[2];
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		struct iovec two[2] = { { "a", 1 }, { "b", 1 } }, in[2] = { { byte, 1 }, { byte + 1, 5 } };

		tcp_pair(ends);
		struct sockaddr_in to = v4(1, port_of(ends[1]));
		EQ(1, send(ends[0], "1", 1, 0));
		EQ(1, sendto(ends[0], "2", 1, 0, SA(to)));
		EQ(1, write(ends[0], "3", 1));
		EQ(2, writev(ends[0], two, 2));
		EQ(1, recv(ends[1], byte, 8, 0));
		EQ(1, recvfrom(ends[1], byte, 8, 0, (struct sockaddr *)&from, &len));
		EQ(port_of(ends[0]), ntohs(from.sin_port));
		EQ(16, len);
		EQ(1, read(ends[1], byte, 8));
		EQ('3', byte[0]);
		EQ(2, readv(ends[1], in, 2));
		EXPECT(byte[0] == 'a' && byte[1] == 'b');
	}
	CASE("D6.1-3", "recvfrom gives the sender on one-to-many sockets too") {
		struct many m = many_pair();
		struct sockaddr_in from;
		socklen_t len = sizeof(from);

		EQ(1, send_text(m.client, m.at_client, "x", 0, 0));
		EQ(1, recvfrom(m.server, byte, 8, 0, (struct sockaddr *)&from, &len));
		EQ(port_of(m.client), ntohs(from.sin_port));
	}
	CASE("D6.1-4", "send uses stream 0, or that of SCTP_DEFAULT_SEND_PARAM") {
		int ends[2];
		struct sctp_sndrcvinfo defaults = { .sinfo_stream = 5 };

		tcp_pair(ends);
		subscribe_to(ends[1], SCTP_DATA_IO_EVENT, 1);
		EQ(1, send(ends[0], "x", 1, 0));
		EQ(0, TEXT(ends[1], "x")->sndrcv.sinfo_stream);
		OK(setsockopt(ends[0], IPPROTO_SCTP, SCTP_DEFAULT_SEND_PARAM, &defaults, sizeof(defaults)));
		EQ(1, send(ends[0], "y", 1, 0));
		EQ(5, TEXT(ends[1], "y")->sndrcv.sinfo_stream);
	}
	CASE("D6.1-5 D6.1-6", "recv gives messages of any stream, ordered or not") {
		int ends[2];

		tcp_pair(ends);
		EQ(1, send_text(ends[0], 0, "a", 0, 0));
		EQ(1, send_text(ends[0], 0, "b", 1, 0));
		EQ(1, send_text(ends[0], 0, "c", 1, SCTP_UNORDERED));
		for (int each = 0; each < 3; each++)
			EQ(1, recv(ends[1], byte, 8, 0));
	}
	CASE("D6.1-7 D6.1-8 D6.1-9", "a send is one message; recv joins none, and gives the rest of a long one") {
		int ends[2], sizes[5] = { 30, 30, 30, 10, 4 };

		tcp_pair(ends);
		EQ(100, send(ends[0], pattern(100), 100, 0));
		EQ(4, send(ends[0], "next", 4, 0));
		usleep(100000);
		for (int each = 0; each < 5; each++)
			EQ(sizes[each], recv(ends[1], byte, 30, 0));
	}
	CASE("D6.1-10 D6.3-2", "on a one-to-many socket send and write have no receiver, recv and read work") {
		struct many m = many_pair();

		FAILS(EPIPE, send(m.client, "x", 1, MSG_NOSIGNAL));
		signal(SIGPIPE, ignored);
		FAILS(EPIPE, write(m.client, "x", 1));
		EQ(1, send_text(m.client, m.at_client, "a", 0, 0));
		EQ(1, send_text(m.client, m.at_client, "b", 0, 0));
		EQ(1, recv(m.server, byte, 8, 0));
		EQ(1, read(m.server, byte, 8));
	}
	CASE("D6.1-11 D6.1-12 B5-10", "a send without data is EINVAL, and no empty DATA chunk leaves") {
		wire_start();
		int ends[2];
		struct many m = many_pair();
		struct sctp_sndrcvinfo info = { 0 };
		struct sctp_sndinfo snd = { .snd_flags = SCTP_UNORDERED };
		struct iovec nothing = { byte, 0 };

		tcp_pair(ends);
		struct sockaddr_in to = v4(1, port_of(ends[1]));
		FAILS(EINVAL, send(ends[0], byte, 0, 0));
		FAILS(EINVAL, sendto(ends[0], byte, 0, 0, SA(to)));
		FAILS(EINVAL, write(ends[0], byte, 0));
		FAILS(EINVAL, sctp_send(ends[0], byte, 0, &info, 0));
		FAILS(EINVAL, sctp_sendmsg(ends[0], byte, 0, NULL, 0, 0, SCTP_UNORDERED, 0, 0, 0));
		FAILS(EINVAL, sctp_sendv(ends[0], &nothing, 1, NULL, 0, &snd, sizeof(snd), SCTP_SENDV_SNDINFO, 0));
		FAILS(EINVAL, sendmsg(ends[0], &(struct msghdr){ 0 }, 0));
		FAILS(EINVAL, send_text(m.client, m.at_client, "", 0, 0));
		EQ(0, wire_count(DATA));
	}
	CASE("D6.1-13", "as much as SO_SNDBUF says is taken, more is EMSGSIZE") {
		int ends[2];

		tcp_pair(ends);
		int size = int_option(ends[0], SOL_SOCKET, SO_SNDBUF);
		FAILS(EMSGSIZE, send(ends[0], pattern((size_t)size + 1), (size_t)size + 1, 0));
		EQ(size, send(ends[0], pattern((size_t)size), (size_t)size, 0));
	}
	CASE("D6.1-14", "MSG_PEEK, MSG_DONTWAIT, MSG_WAITALL, and no room") {
		int ends[2];

		tcp_pair(ends);
		FAILS(EAGAIN, recv(ends[1], byte, 8, MSG_DONTWAIT));
		EQ(3, send(ends[0], "one", 3, 0));
		EQ(3, send(ends[0], "two", 3, 0));
		EXPECT(poll_within(ends[1], POLLIN, 5000) & POLLIN);
		EQ(3, recv(ends[1], byte, 8, MSG_PEEK));
		EQ(2, recv(ends[1], byte, 2, MSG_PEEK));
		struct message *got = receive_flags(ends[1], 0, 0);
		EQ(0, got->len);
		EQ(0, got->flags & MSG_EOR);
		EQ(3, recv(ends[1], byte, 8, MSG_WAITALL));
		EQ(0, memcmp(byte, "one", 3));
		TEXT(ends[1], "two");
	}
	CASE("D6.1-15 D6.1-16", "after an ABORT: the data, ECONNRESET once, then ENOTCONN or EPIPE") {
		for (int way = 0; way < 2; way++) {
			int ends[2];
			struct linger hard = { 1, 0 };

			tcp_pair(ends);
			EQ(1, send(ends[0], "x", 1, 0));
			EXPECT(poll_within(ends[1], POLLIN, 5000) & POLLIN);
			OK(setsockopt(ends[0], SOL_SOCKET, SO_LINGER, &hard, sizeof(hard)));
			OK(close(ends[0]));
			REACHES(ends[1], POLLIN | POLLOUT | POLLERR);
			TEXT(ends[1], "x");
			if (way) {
				FAILS(ECONNRESET, send(ends[1], "x", 1, MSG_NOSIGNAL));
				FAILS(EPIPE, send(ends[1], "x", 1, MSG_NOSIGNAL));
				FAILS(EAGAIN, recv(ends[1], byte, 8, MSG_DONTWAIT));
			} else {
				FAILS(ECONNRESET, recv(ends[1], byte, 8, 0));
				FAILS(ENOTCONN, recv(ends[1], byte, 8, 0));
				FAILS(EAGAIN, recv(ends[1], byte, 8, MSG_DONTWAIT));
				FAILS(EPIPE, send(ends[1], "x", 1, MSG_NOSIGNAL));
			}
		}
	}
	CASE("D6.1-15", "EPIPE comes with SIGPIPE, and without it under MSG_NOSIGNAL") {
		int ends[2];
		sigset_t set, pending;

		tcp_pair(ends);
		OK(close(ends[1]));
		EQ(0, recv(ends[0], byte, 8, 0));
		for (int left = 200; left > 0 && state_of(ends[0], 0) >= 0; left--)
			usleep(10000);
		sigemptyset(&set);
		sigaddset(&set, SIGPIPE);
		sigprocmask(SIG_BLOCK, &set, NULL);
		FAILS(EPIPE, send(ends[0], "x", 1, MSG_NOSIGNAL));
		sigpending(&pending);
		EXPECT(!sigismember(&pending, SIGPIPE));
		FAILS(EPIPE, send(ends[0], "x", 1, 0));
		sigpending(&pending);
		EXPECT(sigismember(&pending, SIGPIPE));
	}
	CASE("D6.1-17", "recv gives the octets of notifications") {
		int server = listening(SOCK_SEQPACKET, 0);

		subscribe_to(server, SCTP_ASSOC_CHANGE, 1);
		OK(connect_to(tcp_style(), 0));
		EQ(20, recv(server, byte, sizeof(byte), 0));
	}
	CASE("D6.1-18", "bad arguments") {
		int listener = listening(SOCK_STREAM, 0), ends[2];

		tcp_pair(ends);
		FAILS(EBADF, send(999, "x", 1, 0));
		FAILS(ENOTSOCK, send(0, "x", 1, 0));
		FAILS(EFAULT, send(ends[0], (void *)8, 1, 0));
		FAILS(EPIPE, send(listener, "x", 1, MSG_NOSIGNAL));
		FAILS(ENOTCONN, recv(listener, byte, 8, 0));
		EQ(1, send(ends[0], "x", 1, 0));
		EXPECT(poll_within(ends[1], POLLIN, 5000) & POLLIN);
		FAILS(EFAULT, recv(ends[1], (void *)8, 8, 0));
	}
	CASE("D6.2-1 D6.2-2", "options are at level IPPROTO_SCTP, and their length comes back") {
		struct sctp_rtoinfo rto = { 0 };
		unsigned char room[100];
		socklen_t len = sizeof(room);
		int fd = tcp_style();

		EQ(132, IPPROTO_SCTP);
		EQ(132, SOL_SCTP);
		OK(getsockopt(fd, SOL_SCTP, SCTP_RTOINFO, room, &len));
		EQ(sizeof(rto), len);
		EQ(3000, ((struct sctp_rtoinfo *)room)->srto_initial);
	}
	CASE("D6.2-3", "errors of options") {
		int fd = tcp_style(), on = 1;
		socklen_t len = sizeof(on), negative = (socklen_t)-1;

		FAILS(ENOPROTOOPT, setsockopt(fd, IPPROTO_SCTP, 9999, &on, sizeof(on)));
		FAILS(ENOPROTOOPT, getsockopt(fd, IPPROTO_SCTP, 9999, &on, &len));
		FAILS(EINVAL, setsockopt(fd, IPPROTO_SCTP, SCTP_NODELAY, &on, 2));
		FAILS(EINVAL, setsockopt(fd, IPPROTO_SCTP, SCTP_RTOINFO, &on, sizeof(on)));
		FAILS(EFAULT, setsockopt(fd, IPPROTO_SCTP, SCTP_NODELAY, (void *)8, sizeof(on)));
		FAILS(EFAULT, getsockopt(fd, IPPROTO_SCTP, SCTP_NODELAY, (void *)8, &len));
		FAILS(EFAULT, getsockopt(fd, IPPROTO_SCTP, SCTP_NODELAY, &on, (void *)8));
		FAILS(EINVAL, getsockopt(fd, IPPROTO_SCTP, SCTP_NODELAY, &on, &negative));
	}
	LINUX_CASE("D6.2-4 B1-4", "setting what is read-only is ENOPROTOOPT") {
		int fd = many_style();
		unsigned char room[300] = { 0 };
		socklen_t len = sizeof(room);

		FAILS(ENOPROTOOPT, setsockopt(fd, IPPROTO_SCTP, SCTP_STATUS, room, sizeof(struct sctp_status)));
		FAILS(ENOPROTOOPT, getsockopt(fd, IPPROTO_SCTP, SCTP_SOCKOPT_BINDX_ADD, room, &len));
	}
	RFC_CASE("D6.2-4 B1-4", "setting what is read-only and reading what is write-only is EOPNOTSUPP") {
		int fd = many_style();
		unsigned char room[300] = { 0 };
		socklen_t len = sizeof(room);

		FAILS(EOPNOTSUPP, setsockopt(fd, IPPROTO_SCTP, SCTP_STATUS, room, sizeof(struct sctp_status)));
		FAILS(EOPNOTSUPP, getsockopt(fd, IPPROTO_SCTP, SCTP_SOCKOPT_BINDX_ADD, room, &len));
	}
	CASE("D6.4-1 D6.4-4", "getsockname: the port once bound, zeros before") {
		struct sockaddr_in none = v4(1, 0), name;
		socklen_t len = sizeof(name);
		int fd = tcp_style();

		OK(getsockname(fd, (struct sockaddr *)&name, &len));
		EQ(AF_INET, name.sin_family);
		EQ(0, name.sin_port);
		EQ(0, name.sin_addr.s_addr);
		OK(bind(fd, SA(none)));
		EXPECT(port_of(fd) != 0);
	}
	CASE("D6.4-5", "of several addresses getsockname gives one") {
		struct sockaddr_in list[2] = { v4(1, port(0)), v4(2, port(0)) }, name;
		socklen_t len = sizeof(name);
		int fd = tcp_style();

		OK(sctp_bindx(fd, (struct sockaddr *)list, 2, SCTP_BINDX_ADD_ADDR));
		OK(getsockname(fd, (struct sockaddr *)&name, &len));
		EXPECT(name.sin_addr.s_addr == list[0].sin_addr.s_addr || name.sin_addr.s_addr == list[1].sin_addr.s_addr);
		EQ(port(0), ntohs(name.sin_port));
	}
	return cases_done();
}
