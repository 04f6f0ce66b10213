/* Section 6 of the draft: the calls that both styles share. */
#include "conform.h"

/* The next message, from recv(), which waits 5 s at most. */
static ssize_t taken(int fd, void *data, size_t room, int flags)
{
	EXPECT(poll_within(fd, POLLIN, 5000) & POLLIN);
	return recv(fd, data, room, flags);
}

static volatile int pipes;

static void count_pipe(int signal)
{
	(void)signal;
	pipes++;
}

static void data(void)
{
	CASE("D6.1-1 D6.1-3 D6.1-7", "send and sendto, recv and recvfrom carry one message each, and tell from where") {
		int ends[2];
		char got[64];
		struct sockaddr_in from, far;
		socklen_t len = sizeof(from), far_len = sizeof(far);

		tcp_pair(ends);
		OK(getpeername(ends[1], (struct sockaddr *)&far, &far_len));
		EQ(3, send(ends[0], "one", 3, 0));
		EQ(5, sendto(ends[0], "three", 5, 0, NULL, 0));
		EQ(3, taken(ends[1], got, sizeof(got), 0));
		EXPECT(poll_within(ends[1], POLLIN, 5000));
		EQ(5, recvfrom(ends[1], got, sizeof(got), 0, (struct sockaddr *)&from, &len));
		EQ(0, memcmp(got, "three", 5));
		EQ(far.sin_port, from.sin_port);
		EQ(far.sin_addr.s_addr, from.sin_addr.s_addr);
		struct many m = many_pair();
		len = sizeof(from);
		EQ(1, send_text(m.client, m.at_client, "x", 0, 0));
		EXPECT(poll_within(m.server, POLLIN, 5000));
		EQ(1, recvfrom(m.server, got, sizeof(got), 0, (struct sockaddr *)&from, &len));
		EQ(port_of(m.client), ntohs(from.sin_port));
	}
	CASE("D6.1-4", "without a word about it messages go on stream 0, or on the default one") {
		int ends[2];
		struct sctp_sndrcvinfo usual = { .sinfo_stream = 4 };

		wire_start();
		tcp_pair(ends);
		EQ(1, send(ends[0], "a", 1, 0));
		EQ(0, WIRE(DATA, 0)->value[4] << 8 | WIRE(DATA, 0)->value[5]);
		OK(setsockopt(ends[0], IPPROTO_SCTP, SCTP_DEFAULT_SEND_PARAM, &usual, sizeof(usual)));
		EQ(1, send(ends[0], "b", 1, 0));
		EQ(4, WIRE(DATA, 1)->value[4] << 8 | WIRE(DATA, 1)->value[5]);
	}
	CASE("D6.1-5 D6.1-6", "recv gives what came on any stream, ordered or not, and tells nothing of that") {
		int ends[2];
		char got[8];

		tcp_pair(ends);
		EQ(1, send_text(ends[0], 0, "a", 0, 0));
		EQ(1, send_text(ends[0], 0, "b", 1, 0));
		EQ(1, send_text(ends[0], 0, "c", 1, SCTP_UNORDERED));
		for (int each = 0; each < 3; each++)
			EQ(1, taken(ends[1], got, sizeof(got), 0));
		EQ(1, send_text(ends[0], 0, "d", 1, SCTP_UNORDERED));
		EQ(0, RECEIVE(ends[1])->items);
	}
	CASE("D6.1-8 D6.1-9", "a call gives no more than one message, and the rest of one comes with the next") {
		int ends[2], lengths[] = { 30, 30, 30, 10 };
		unsigned char got[200];

		tcp_pair(ends);
		EQ(100, send(ends[0], pattern(100), 100, 0));
		EQ(50, send(ends[0], pattern(50), 50, 0));
		usleep(100000);
		for (int each = 0, so_far = 0; each < 4; so_far += lengths[each++]) {
			EQ(lengths[each], taken(ends[1], got, 30, 0));
			EQ(0, memcmp(got, pattern(100) + so_far, (size_t)lengths[each]));
		}
		EQ(50, taken(ends[1], got, sizeof(got), 0));
	}
	CASE("D6.1-10 D6.3-2", "on a one-to-many socket send and write find no receiver; recv and read work") {
		struct many m = many_pair();
		char got[8];

		FAILS(EPIPE, send(m.client, "x", 1, MSG_NOSIGNAL));
		signal(SIGPIPE, SIG_IGN);
		FAILS(EPIPE, write(m.client, "x", 1));
		EQ(1, send_text(m.client, m.at_client, "x", 0, 0));
		EQ(1, taken(m.server, got, sizeof(got), 0));
		EQ(1, send_text(m.client, m.at_client, "x", 0, 0));
		EXPECT(poll_within(m.server, POLLIN, 5000));
		EQ(1, read(m.server, got, sizeof(got)));
		int off = OK(sctp_peeloff(m.client, m.at_client));
		EQ(1, write(off, "y", 1));
		TEXT(m.server, "y");
	}
	CASE("D6.1-11 D6.1-12 B5-10", "a message without octets is refused by every call, and none is on the wire") {
		int ends[2];
		struct sctp_sndrcvinfo info = { 0 };
		struct sctp_sndinfo newer = { 0 };
		struct iovec none = { .iov_base = "", .iov_len = 0 };
		struct msghdr empty = { 0 };

		wire_start();
		tcp_pair(ends);
		FAILS(EINVAL, send(ends[0], "", 0, 0));
		FAILS(EINVAL, sendto(ends[0], "", 0, 0, NULL, 0));
		FAILS(EINVAL, write(ends[0], "", 0));
		FAILS(EINVAL, sendmsg(ends[0], &empty, 0));
		FAILS(EINVAL, sctp_send(ends[0], "", 0, &info, 0));
		info.sinfo_flags = SCTP_UNORDERED;
		FAILS(EINVAL, sctp_send(ends[0], "", 0, &info, 0));
		FAILS(EINVAL, sctp_sendmsg(ends[0], "", 0, NULL, 0, 0, 0, 0, 0, 0));
		for (int unordered = 0; unordered < 2; unordered++) {
			newer.snd_flags = unordered ? SCTP_UNORDERED : 0;
			FAILS(EINVAL, sctp_sendv(ends[0], &none, 1, NULL, 0, &newer, sizeof(newer), SCTP_SENDV_SNDINFO, 0));
		}
		EQ(1, send(ends[0], "x", 1, 0));
		EXPECT(WIRE(DATA, 0)->len > 16);
		EQ(1, wire_count(DATA));
	}
	CASE("D6.1-13", "a message may be as large as the send buffer, and no larger") {
		int ends[2];

		tcp_pair(ends);
		set_int(ends[0], SOL_SOCKET, SO_SNDBUF, 30000);
		int most = int_option(ends[0], SOL_SOCKET, SO_SNDBUF);
		EQ(60000, most);
		FAILS(EMSGSIZE, send(ends[0], pattern((size_t)most + 1), (size_t)most + 1, 0));
		EQ(most, send(ends[0], pattern((size_t)most), (size_t)most, 0));
		for (int have = 0; have < most;)
			have += (int)RECEIVE(ends[1])->len;
	}
	CASE("D6.1-14", "MSG_PEEK, MSG_DONTWAIT, MSG_WAITALL, and a buffer without room") {
		int ends[2];
		char got[16];

		tcp_pair(ends);
		FAILS(EAGAIN, recv(ends[1], got, sizeof(got), MSG_DONTWAIT));
		EQ(2, send(ends[0], "ab", 2, 0));
		EQ(2, send(ends[0], "cd", 2, 0));
		EQ(2, taken(ends[1], got, sizeof(got), MSG_PEEK));
		EQ(0, memcmp(got, "ab", 2));
		struct message *nothing = receive_flags(ends[1], 0, 0);
		EQ(0, nothing->len);
		EQ(0, nothing->flags & MSG_EOR);
		EQ(2, taken(ends[1], got, sizeof(got), MSG_WAITALL));
		EQ(0, memcmp(got, "ab", 2));
		EQ(2, taken(ends[1], got, sizeof(got), MSG_WAITALL));
		EQ(0, memcmp(got, "cd", 2));
	}
	CASE("D6.1-15", "sending on an association that is gone is EPIPE, with SIGPIPE unless told not to") {
		int ends[2];
		struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

		tcp_pair(ends);
		OK(setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)));
		OK(close(ends[1]));
		EXPECT(poll_within(ends[0], POLLIN, 5000));
		FAILS(ECONNRESET, send(ends[0], "x", 1, MSG_NOSIGNAL));
		FAILS(EPIPE, send(ends[0], "x", 1, MSG_NOSIGNAL));
		EQ(0, pipes);
		signal(SIGPIPE, count_pipe);
		FAILS(EPIPE, send(ends[0], "x", 1, 0));
		EQ(1, pipes);
	}
	CASE("D6.1-16", "after an ABORT what has come is read, then ECONNRESET once, then there is nothing") {
		int ends[2];
		struct linger at_once = { .l_onoff = 1, .l_linger = 0 };
		char got[8];

		tcp_pair(ends);
		EQ(4, send(ends[1], "last", 4, 0));
		EXPECT(poll_within(ends[0], POLLIN, 5000));
		OK(setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)));
		OK(close(ends[1]));
		EXPECT(poll_within(ends[0], POLLERR | POLLHUP, 5000));
		EQ(4, recv(ends[0], got, sizeof(got), 0));
		FAILS(ECONNRESET, recv(ends[0], got, sizeof(got), 0));
		FAILS(ENOTCONN, recv(ends[0], got, sizeof(got), 0));
		nonblocking(ends[0]);
		int result = (int)recv(ends[0], got, sizeof(got), 0);
		EXPECT(result == -1 && (errno == EAGAIN || errno == ENOTCONN));
	}
	CASE("D6.1-16", "SO_ERROR takes the error away") {
		int ends[2];
		struct linger at_once = { .l_onoff = 1, .l_linger = 0 };

		tcp_pair(ends);
		OK(setsockopt(ends[1], SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)));
		OK(close(ends[1]));
		EXPECT(poll_within(ends[0], POLLERR | POLLHUP, 5000));
		EQ(ECONNRESET, int_option(ends[0], SOL_SOCKET, SO_ERROR));
		EQ(0, int_option(ends[0], SOL_SOCKET, SO_ERROR));
		FAILS(ENOTCONN, recv(ends[0], (char[8]){ 0 }, 8, 0));
	}
	CASE("D6.1-17", "recv gives the octets of a notification like data") {
		int ends[2];
		union sctp_notification event;

		tcp_pair(ends);
		subscribe_to(ends[1], SCTP_SHUTDOWN_EVENT, 1);
		OK(close(ends[0]));
		EQ(12, taken(ends[1], &event, sizeof(event), 0));
		EQ(SCTP_SHUTDOWN_EVENT, event.sn_header.sn_type);
	}
	CASE("D6.1-18", "bad descriptors, pointers and states") {
		int ends[2], listener = listening(SOCK_STREAM, 0);
		void *bad = (void *)16;

		tcp_pair(ends);
		FAILS(EBADF, send(-1, "x", 1, 0));
		FAILS(EBADF, recv(1000, (char[1]){ 0 }, 1, 0));
		FAILS(ENOTSOCK, send(OK(open("/dev/null", O_RDWR)), "x", 1, 0));
		FAILS(EFAULT, send(ends[0], bad, 10, 0));
		EQ(1, send(ends[0], "x", 1, 0));
		EXPECT(poll_within(ends[1], POLLIN, 5000));
		FAILS(EFAULT, recv(ends[1], bad, 10, 0));
		FAILS(EPIPE, send(listener, "x", 1, MSG_NOSIGNAL));
		FAILS(ENOTCONN, recv(listener, (char[1]){ 0 }, 1, 0));
	}
	CASE("D6.3-1", "read and write, readv and writev, are recv and send without flags") {
		int ends[2];
		char left[2], right[8];
		struct iovec out[2] = { { "ab", 2 }, { "cde", 3 } };
		struct iovec in[2] = { { left, sizeof(left) }, { right, sizeof(right) } };

		tcp_pair(ends);
		EQ(5, writev(ends[0], out, 2));
		EXPECT(poll_within(ends[1], POLLIN, 5000));
		EQ(5, readv(ends[1], in, 2));
		EQ(0, memcmp(left, "ab", 2) | memcmp(right, "cde", 3));
		EQ(3, write(ends[0], "xyz", 3));
		EXPECT(poll_within(ends[1], POLLIN, 5000));
		EQ(3, read(ends[1], right, sizeof(right)));
	}
}

static void options(void)
{
	CASE("D6.2-1", "the level is IPPROTO_SCTP, which is also called SOL_SCTP") {
		EQ(132, IPPROTO_SCTP);
#ifdef SOL_SCTP
		EQ(132, SOL_SCTP);
#endif
		EQ(0, int_option(tcp_style(), 132, SCTP_NODELAY));
	}
	CASE("D6.2-2", "the length comes back as what is stored") {
		struct {
			struct sctp_rtoinfo info;
			char more[64];
		} room;
		socklen_t len = sizeof(room);

		memset(&room, 0, sizeof(room));
		OK(getsockopt(tcp_style(), IPPROTO_SCTP, SCTP_RTOINFO, &room, &len));
		EQ(sizeof(struct sctp_rtoinfo), len);
	}
	CASE("D6.2-3", "unknown options, wrong lengths, bad pointers") {
		int fd = tcp_style(), value = 0;
		socklen_t len = sizeof(value);

		FAILS(ENOPROTOOPT, setsockopt(fd, IPPROTO_SCTP, 99, &value, len));
		FAILS(ENOPROTOOPT, getsockopt(fd, IPPROTO_SCTP, 99, &value, &len));
		FAILS(EINVAL, setsockopt(fd, IPPROTO_SCTP, SCTP_NODELAY, &value, 2));
		len = 2;
		FAILS(EINVAL, getsockopt(fd, IPPROTO_SCTP, SCTP_NODELAY, &value, &len));
		FAILS(EFAULT, setsockopt(fd, IPPROTO_SCTP, SCTP_NODELAY, (void *)16, 4));
		len = 4;
		FAILS(EFAULT, getsockopt(fd, IPPROTO_SCTP, SCTP_NODELAY, (void *)16, &len));
		FAILS(EFAULT, getsockopt(fd, IPPROTO_SCTP, SCTP_NODELAY, &value, (void *)16));
	}
	RFC_CASE("D6.2-4 B1-4", "what can only be read or only be set is not supported the other way") {
		struct sctp_status status = { 0 };
		char key[64] = { 0 };
		socklen_t len = sizeof(key);

		FAILS(EOPNOTSUPP, setsockopt(tcp_style(), IPPROTO_SCTP, SCTP_STATUS, &status, sizeof(status)));
		FAILS(EOPNOTSUPP, getsockopt(tcp_style(), IPPROTO_SCTP, SCTP_AUTH_KEY, key, &len));
	}
	LINUX_CASE("D6.2-4 B1-4", "what can only be read is unknown when set") {
		struct sctp_status status = { 0 };

		FAILS(ENOPROTOOPT, setsockopt(tcp_style(), IPPROTO_SCTP, SCTP_STATUS, &status, sizeof(status)));
	}
}

static void names(void)
{
	CASE("D6.4-1", "getsockname gives a local address and the port that was chosen") {
		int fd = tcp_style();
		struct sockaddr_in any = v4(1, 0);

		OK(bind(fd, SA(any)));
		EXPECT(port_of(fd) != 0);
	}
	CASE("D6.4-2", "the family is that of the socket, or IPv6's form of it") {
		struct sockaddr_storage name;
		socklen_t len = sizeof(name);
		int four = bound(SOCK_STREAM, 0), six = OK(socket(AF_INET6, SOCK_STREAM, IPPROTO_SCTP));
		struct sockaddr_in6 near = v6(1, port(1));

		OK(getsockname(four, (struct sockaddr *)&name, &len));
		EQ(AF_INET, name.ss_family);
		OK(bind(six, SA(near)));
		len = sizeof(name);
		OK(getsockname(six, (struct sockaddr *)&name, &len));
		EQ(AF_INET6, name.ss_family);
		EQ(28, len);
	}
	CASE("D6.4-3", "a name is cut to the room, and its length told") {
		unsigned char name[16];
		socklen_t len = 8;

		memset(name, 0xee, sizeof(name));
		OK(getsockname(bound(SOCK_STREAM, 0), (struct sockaddr *)name, &len));
		EQ(16, len);
		EQ(AF_INET, name[0]);
		EQ(0xee, name[8]);
	}
	CASE("D6.4-4", "the name of a socket without one is the wildcard") {
		struct sockaddr_in name;
		socklen_t len = sizeof(name);

		OK(getsockname(tcp_style(), (struct sockaddr *)&name, &len));
		EQ(AF_INET, name.sin_family);
		EQ(0, name.sin_port);
		EQ(0, name.sin_addr.s_addr);
	}
	CASE("D6.4-5", "of several addresses one is given") {
		int fd = tcp_style();
		struct sockaddr_in list[2] = { v4(1, port(0)), v4(2, port(0)) }, name;
		socklen_t len = sizeof(name);

		OK(sctp_bindx(fd, (struct sockaddr *)list, 2, SCTP_BINDX_ADD_ADDR));
		OK(getsockname(fd, (struct sockaddr *)&name, &len));
		EXPECT(name.sin_addr.s_addr == list[0].sin_addr.s_addr || name.sin_addr.s_addr == list[1].sin_addr.s_addr);
	}
	CASE("D6.1-2", "the address of a send on a one-to-one socket is where it goes") {
		struct sockaddr_in list[2] = { v4(1, port(8)), v4(2, port(8)) }, near = v4(3, port(7));

		wire_start();
		int server = tcp_style(), client = tcp_style();
		OK(sctp_bindx(server, (struct sockaddr *)list, 2, SCTP_BINDX_ADD_ADDR));
		OK(listen(server, 1));
		OK(bind(client, SA(near)));
		OK(connect(client, SA(list[0])));
		struct sctp_paddrinfo path = { 0 };
		socklen_t len = sizeof(path);
		memcpy(&path.spinfo_address, &list[1], sizeof(list[1]));
		for (int left = 500; left > 0 && path.spinfo_state != SCTP_ACTIVE; left--) {
			usleep(10000);
			OK(getsockopt(client, IPPROTO_SCTP, SCTP_GET_PEER_ADDR_INFO, &path, &len));
		}
		EQ(1, sendto(client, "x", 1, 0, SA(list[1])));
		EQ(0x7f000002, WIRE(DATA, 0)->destination);
	}
}

int main(void)
{
	data();
	options();
	names();
	return cases_done();
}
