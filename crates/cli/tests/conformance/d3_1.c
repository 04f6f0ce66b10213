/* Sections 3.1 to 3.1.3 of the draft: one-to-many sockets, socket(), bind(), listen(). */
#include "conform.h"

/* A one-to-many client that sends to host 1 of port(which) without any other call. */
static int sender(int which, const char *text)
{
	struct sockaddr_in to = v4(1, port(which));
	int fd = many_style();

	EQ(strlen(text), sendto(fd, text, strlen(text), 0, SA(to)));
	return fd;
}

static void data_io(int fd)
{
	subscribe_to(fd, SCTP_DATA_IO_EVENT, 1);
}

int main(void)
{
	CASE("D3-1 D3.1-1 D3.1-2", "a server and its clients need no other calls") {
		int server = listening(SOCK_SEQPACKET, 0);
		int one = sender(0, "one"), two = sender(0, "two");

		for (int each = 0; each < 2; each++) {
			struct message *got = RECEIVE(server);

			EQ(3, got->len);
			EXPECT(got->flags & MSG_EOR);
			EQ(3, sendto(server, got->data, 3, 0, (struct sockaddr *)&got->from, got->from_len));
		}
		TEXT(one, "one");
		TEXT(two, "two");
		OK(close(one));
		OK(close(server));
	}
	CASE("D3.1-3 D3.1-4", "one descriptor receives from three associations, told apart by their ids") {
		int server = listening(SOCK_SEQPACKET, 0);
		sctp_assoc_t ids[3];
		uint16_t ports[3];

		data_io(server);
		for (int each = 0; each < 3; each++) {
			int fd = sender(0, "hi");
			struct message *got = TEXT(server, "hi");

			ids[each] = got->sndrcv.sinfo_assoc_id;
			ports[each] = ntohs(((struct sockaddr_in *)&got->from)->sin_port);
			EXPECT(ids[each] >= 3);
			EQ(port_of(fd), ports[each]);
		}
		EXPECT(ids[0] != ids[1] && ids[1] != ids[2] && ids[0] != ids[2]);
		EXPECT(ports[0] != ports[1] && ports[1] != ports[2]);
	}
	CASE("D3.1-5 D3.1-6", "an address of an established peer selects its association") {
		wire_start();
		int server = listening(SOCK_SEQPACKET, 0), fd = sender(0, "one");
		struct sockaddr_in to = v4(1, port(0));

		TEXT(server, "one");
		EQ(3, sendto(fd, "two", 3, 0, SA(to)));
		TEXT(server, "two");
		EQ(1, wire_count(INIT));
	}
	CASE("D3.1-7", "an id is not given again while notifications name it") {
		struct many m = many_pair();

		EQ(0, send_text(m.client, m.at_client, "", 0, SCTP_ABORT));
		for (int left = 200; left > 0 && state_of(m.server, m.at_server) >= 0; left--)
			usleep(10000);
		struct many n = m;
		sctp_assoc_t at_client, at_server;
		int server = listening(SOCK_SEQPACKET, 0), other = many_style();

		subscribe(other);
		OK(connect_to(other, 0));
		at_client = CHANGE(other, SCTP_COMM_UP)->event.sn_assoc_change.sac_assoc_id;
		EXPECT(at_client != m.at_client && at_client != m.at_server);
		EQ(m.at_server, CHANGE(m.server, SCTP_COMM_LOST)->event.sn_assoc_change.sac_assoc_id);
		more_client(&n, &at_server, &at_client);
		EXPECT(at_server != m.at_server && at_server != m.at_client);
		close(server);
	}
	CASE("D3.1-8", "after autoclose a new association has an id of its own") {
		struct many m = many_pair();
		sctp_assoc_t at_server, at_client;

		set_int(m.client, IPPROTO_SCTP, SCTP_AUTOCLOSE, 1);
		int second = many_style();
		subscribe(second);
		set_int(second, IPPROTO_SCTP, SCTP_AUTOCLOSE, 1);
		OK(connect_to(second, 8));
		sctp_assoc_t id = CHANGE(second, SCTP_COMM_UP)->event.sn_assoc_change.sac_assoc_id;
		struct message *got;
		do
			got = RECEIVE(second);
		while (got->event.sn_header.sn_type != SCTP_ASSOC_CHANGE);
		EQ(SCTP_SHUTDOWN_COMP, got->event.sn_assoc_change.sac_state);
		EQ(id, got->event.sn_assoc_change.sac_assoc_id);
		EXPECT(more_client(&m, &at_server, &at_client) >= 0);
		EXPECT(at_client != id);
	}
	CASE("D3.1-9 D3.1-10", "a branched-off association is reached through the new descriptor alone") {
		struct many m = many_pair();
		struct sockaddr_in peer = v4(1, port_of(m.client));
		int new = OK(sctp_peeloff(m.server, m.at_server));

		EQ(2, send(new, "hi", 2, 0));
		TEXT(m.client, "hi");
		EQ(2, send_text(m.client, m.at_client, "yo", 0, 0));
		EQ(2, recv(new, (char[8]){ 0 }, 8, 0));
		FAILS(EPIPE, send_text(m.server, m.at_server, "x", 0, 0));
		FAILS(EADDRNOTAVAIL, sendto(m.server, "x", 1, MSG_NOSIGNAL, SA(peer)));
		struct sctp_sndrcvinfo info = { .sinfo_assoc_id = m.at_server };
		struct outgoing both = { .data = "x", .len = 1, .to = (struct sockaddr *)&peer, .to_len = sizeof(peer),
					 .sndrcv = &info };
		FAILS(EADDRNOTAVAIL, send_out(m.server, &both));
		EQ(-1, state_of(m.server, m.at_server));
		EQ(EINVAL, errno);
		QUIET(m.server, 50);
	}
	CASE("D3.1-11", "closing the original does not end what was branched off") {
		struct many m = many_pair();
		int new = OK(sctp_peeloff(m.server, m.at_server));

		OK(close(m.server));
		usleep(100000);
		EQ(2, send(new, "hi", 2, 0));
		TEXT(m.client, "hi");
	}
	CASE("D3.1.1-1 D3.1.1-2", "SOCK_SEQPACKET makes one-to-many sockets of both families") {
		int four = many_style(), six = OK(socket(PF_INET6, SOCK_SEQPACKET, IPPROTO_SCTP));

		EQ(SOCK_SEQPACKET, int_option(four, SOL_SOCKET, SO_TYPE));
		EQ(SOCK_SEQPACKET, int_option(six, SOL_SOCKET, SO_TYPE));
		EQ(IPPROTO_SCTP, int_option(six, SOL_SOCKET, SO_PROTOCOL));
	}
	CASE("D3.1.1-3 D4.1.1-2", "PF_INET takes no IPv6 address") {
		for (int style = 0; style < 2; style++) {
			struct sockaddr_in6 six = v6(1, port(0));
			int fd = style ? many_style() : tcp_style();

			FAILS(EINVAL, bind(fd, SA(six)));
			FAILS(EINVAL, connect(fd, SA(six)));
			FAILS(EINVAL, sendto(fd, "x", 1, MSG_NOSIGNAL, SA(six)));
			FAILS(EINVAL, sctp_bindx(fd, (struct sockaddr *)&six, 1, SCTP_BINDX_ADD_ADDR));
			inet_pton(AF_INET6, "::ffff:127.0.0.1", &six.sin6_addr);
			FAILS(EINVAL, bind(fd, SA(six)));
			FAILS(EINVAL, connect(fd, SA(six)));
		}
	}
	CASE("D3.1.1-3", "an IPv4 socket tells its peer of no IPv6 address") {
		wire_start();
		struct sockaddr_in any = v4(0, port(0));
		int server = tcp_style();

		OK(bind(server, SA(any)));
		OK(listen(server, 1));
		OK(connect_to(tcp_style(), 0));
		EQ(0, parameters(WIRE(INIT, 0), 6));
		EQ(0, parameters(WIRE(INIT_ACK, 0), 6));
	}
	CASE("D3.1.1-4 D4.1.1-2 D3.1.2-8", "PF_INET6 serves peers of both families") {
		int server = OK(socket(AF_INET6, SOCK_SEQPACKET, IPPROTO_SCTP));
		struct sockaddr_in6 any = v6(0, port(0)), six = v6(1, port(0));
		struct sockaddr_in four = v4(1, port(0));

		OK(bind(server, SA(any)));
		OK(listen(server, 1));
		int one = many_style(), two = OK(socket(AF_INET6, SOCK_SEQPACKET, IPPROTO_SCTP));
		EQ(1, sendto(one, "4", 1, 0, SA(four)));
		TEXT(server, "4");
		EQ(1, sendto(two, "6", 1, 0, SA(six)));
		TEXT(server, "6");
	}
	CASE("D3.1.1-4", "IPV6_V6ONLY leaves IPv6") {
		struct sockaddr_in four = v4(1, port(0));
		struct sockaddr_in6 mapped = v6(1, port(0));
		int fd = OK(socket(AF_INET6, SOCK_SEQPACKET, IPPROTO_SCTP));

		inet_pton(AF_INET6, "::ffff:127.0.0.1", &mapped.sin6_addr);
		set_int(fd, IPPROTO_IPV6, IPV6_V6ONLY, 1);
		FAILS(EINVAL, bind(fd, SA(four)));
		FAILS(EINVAL, bind(fd, SA(mapped)));
		FAILS(EINVAL, connect(fd, SA(four)));
		FAILS(EINVAL, connect(fd, SA(mapped)));
	}
	CASE("D3.1.1-5", "other types and domains are no SCTP sockets") {
		FAILS(EPROTONOSUPPORT, socket(AF_INET, SOCK_DGRAM, IPPROTO_SCTP));
		FAILS(ESOCKTNOSUPPORT, socket(AF_INET, SOCK_RDM, IPPROTO_SCTP));
		FAILS(ESOCKTNOSUPPORT, socket(AF_INET, 9, IPPROTO_SCTP));
		FAILS(EINVAL, socket(AF_INET, 77, IPPROTO_SCTP));
		FAILS(EAFNOSUPPORT, socket(77, SOCK_STREAM, IPPROTO_SCTP));
	}
	CASE("D3.1.1-6", "SOCK_NONBLOCK and SOCK_CLOEXEC are honoured") {
		int fd = OK(socket(AF_INET, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_SCTP));

		EXPECT(fcntl(fd, F_GETFL) & O_NONBLOCK);
		EXPECT(fcntl(fd, F_GETFD) & FD_CLOEXEC);
		FAILS(EAGAIN, recv(fd, (char[8]){ 0 }, 8, 0));
	}
	CASE("D3.1.2-1 D4.1.2-1", "bind names the local address") {
		for (int style = 0; style < 2; style++) {
			int fd = bound(style ? SOCK_SEQPACKET : SOCK_STREAM, style);
			struct sockaddr *addresses;

			EQ(1, sctp_getladdrs(fd, 0, &addresses));
			EQ(htonl(0x7f000001), ((struct sockaddr_in *)addresses)->sin_addr.s_addr);
			EQ(htons(port(style)), ((struct sockaddr_in *)addresses)->sin_port);
			sctp_freeladdrs(addresses);
		}
	}
	CASE("D3.1.2-2 D3.1.2-9 D4.1.2-2 D4.1.2-5", "a second bind is an error, more addresses come by sctp_bindx") {
		for (int style = 0; style < 2; style++) {
			int fd = bound(style ? SOCK_SEQPACKET : SOCK_STREAM, style);
			struct sockaddr_in second = v4(2, port(style)), none = v4(2, 0);

			FAILS(EINVAL, bind(fd, SA(second)));
			FAILS(EINVAL, bind(fd, SA(none)));
			EQ(1, local_count(fd, 0));
			EQ(0, sctp_bindx(fd, (struct sockaddr *)&second, 1, SCTP_BINDX_ADD_ADDR));
			EQ(2, local_count(fd, 0));
		}
	}
	CASE("D3.1.2-3 D4.1.2-3", "the bound address is what is sent from and received on") {
		wire_start();
		int server = listening(SOCK_SEQPACKET, 0), client = bound(SOCK_STREAM, 1);
		struct sockaddr_in other = v4(2, port(0)), any = v4(0, port(5));
		int everywhere = tcp_style();

		/* Over UDP, so that what comes to the other address is heard at all. */
		OK(bind(everywhere, SA(any)));
		OK(listen(everywhere, 1));
		OK(connect_to(client, 0));
		EQ(1, send(client, "x", 1, 0));
		TEXT(server, "x");
		EQ(0x7f000001, WIRE(INIT, 0)->source);
		EQ(0x7f000001, WIRE(INIT_ACK, 0)->source);
		EQ(port(1), WIRE(DATA, 0)->source_port);
		FAILS(ECONNREFUSED, connect(tcp_style(), SA(other)));
		EXPECT(wire_count(ABORT) >= 1);
	}
	CASE("D3.1.2-4 D4.1.2-3", "the bound addresses are told to the peer in INIT and INIT ACK") {
		wire_start();
		struct sockaddr_in server_list[2] = { v4(1, port(0)), v4(2, 0) }, client_list[2] = { v4(1, port(1)), v4(3, 0) };
		int server = tcp_style(), client = tcp_style();

		EQ(0, sctp_bindx(server, (struct sockaddr *)server_list, 2, SCTP_BINDX_ADD_ADDR));
		EQ(0, sctp_bindx(client, (struct sockaddr *)client_list, 2, SCTP_BINDX_ADD_ADDR));
		OK(listen(server, 1));
		OK(connect_to(client, 0));
		EQ(2, parameters(WIRE(INIT, 0), 5));
		EQ(2, parameters(WIRE(INIT_ACK, 0), 5));
		EQ(2, peer_count(client, 0));
		EQ(2, peer_count(OK(accept(server, NULL, NULL)), 0));
	}
	CASE("D3.1.2-5 D4.1.2-8 D3.1.3-1", "an endpoint that does not listen answers INIT with ABORT") {
		wire_start();
		listening(SOCK_STREAM, 5);
		for (int style = 0; style < 2; style++) {
			bound(style ? SOCK_SEQPACKET : SOCK_STREAM, style);
			FAILS(ECONNREFUSED, connect_to(tcp_style(), style));
			EXPECT(WIRE(ABORT, style) != NULL);
		}
	}
	CASE("D3.1.2-6", "bind looks at the length and the family") {
		struct sockaddr_in four = v4(1, port(0)), unspecific = v4(0, port(0)), of_none = v4(1, port(0));
		struct sockaddr_in6 six = v6(1, port(0));
		unsigned char long_one[128] = { 0 };
		int fd = many_style(), sixth = OK(socket(AF_INET6, SOCK_STREAM, IPPROTO_SCTP));

		FAILS(EINVAL, bind(fd, (struct sockaddr *)&four, 15));
		FAILS(EINVAL, bind(fd, (struct sockaddr *)&four, 129));
		FAILS(EINVAL, bind(sixth, (struct sockaddr *)&six, 27));
		FAILS(EFAULT, bind(fd, NULL, 16));
		four.sin_family = 77;
		FAILS(EAFNOSUPPORT, bind(fd, SA(four)));
		of_none.sin_family = AF_UNSPEC;
		FAILS(EAFNOSUPPORT, bind(fd, SA(of_none)));
		unspecific.sin_family = AF_UNSPEC;
		FAILS(EINVAL, bind(fd, SA(unspecific)));
		FAILS(EINVAL, connect(fd, SA(four)));
		FAILS(EINVAL, sendto(fd, "x", 1, MSG_NOSIGNAL, SA(four)));
		four = v4(1, port(0));
		memcpy(long_one, &four, sizeof(four));
		EQ(0, bind(fd, (struct sockaddr *)long_one, 128));
	}
	CASE("D3.1.2-7 D4.1.2-4", "on an IPv4 socket the address is an IPv4 one") {
		struct sockaddr_in6 six = v6(1, port(0));

		FAILS(EINVAL, bind(many_style(), SA(six)));
		FAILS(EINVAL, bind(tcp_style(), SA(six)));
	}
	CASE("D3.1.2-8 D4.1.2-4", "on an IPv6 socket it may be either") {
		struct sockaddr_in four = v4(1, port(0));
		struct sockaddr_in6 six = v6(1, port(1));

		OK(bind(OK(socket(AF_INET6, SOCK_SEQPACKET, IPPROTO_SCTP)), SA(four)));
		OK(bind(OK(socket(AF_INET6, SOCK_STREAM, IPPROTO_SCTP)), SA(six)));
	}
	CASE("D3.1.2-10 D4.1.2-6 D8.5-1", "the wildcard stands for the host's addresses") {
		for (int style = 0; style < 2; style++) {
			struct sockaddr_in any = v4(0, port(style));
			int fd = style ? many_style() : tcp_style();
			struct sockaddr *addresses;

			OK(bind(fd, SA(any)));
			EXPECT(sctp_getladdrs(fd, 0, &addresses) >= 1);
			EQ(AF_INET, addresses->sa_family);
			EQ(htons(port(style)), ((struct sockaddr_in *)addresses)->sin_port);
			EXPECT(((struct sockaddr_in *)addresses)->sin_addr.s_addr != 0);
		}
	}
	CASE("D3.1.2-11", "a send that begins an association binds an ephemeral port") {
		listening(SOCK_SEQPACKET, 0);
		int fd = sender(0, "x");

		EXPECT(port_of(fd) >= 1024);
		EXPECT(local_count(fd, 0) >= 1);
	}
	CASE("D3.1.2-12", "all addresses of the host are told, and one of the peer's is primary") {
		wire_start();
		struct sockaddr_in6 any = v6(0, port(0)), to = v6(1, port(0));
		int server = OK(socket(AF_INET6, SOCK_STREAM, IPPROTO_SCTP)), client = OK(socket(AF_INET6, SOCK_STREAM, IPPROTO_SCTP));
		struct sctp_status status = { 0 };
		socklen_t len = sizeof(status);

		OK(bind(server, SA(any)));
		OK(listen(server, 1));
		OK(connect(client, SA(to)));
		EXPECT(parameters(WIRE(INIT, 0), 6) >= 2);
		EXPECT(peer_count(client, 0) >= 2);
		OK(getsockopt(client, IPPROTO_SCTP, SCTP_STATUS, &status, &len));
		EQ(0, memcmp(&((struct sockaddr_in6 *)&status.sstat_primary.spinfo_address)->sin6_addr, &to.sin6_addr, 16));
	}
	CASE("D3.1.2-13", "port 0 is an ephemeral port") {
		struct sockaddr_in none = v4(1, 0);
		int fd = many_style();

		OK(bind(fd, SA(none)));
		EXPECT(port_of(fd) != 0);
	}
	CASE("D3.1.2-14", "addresses of others and addresses that are taken") {
		struct sockaddr_in foreign = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000201) };
		struct sockaddr_in same = v4(1, port(0)), other = v4(2, port(0)), any = v4(0, port(0));

		FAILS(EADDRNOTAVAIL, bind(many_style(), SA(foreign)));
		bound(SOCK_SEQPACKET, 0);
		FAILS(EADDRINUSE, bind(many_style(), SA(same)));
		FAILS(EADDRINUSE, bind(tcp_style(), SA(any)));
		OK(bind(tcp_style(), SA(other)));
	}
	CASE("D3.1.2-14", "with SO_REUSEADDR two may bind and one may listen") {
		struct sockaddr_in same = v4(1, port(0));
		int fds[3];

		for (int each = 0; each < 3; each++) {
			fds[each] = tcp_style();
			set_int(fds[each], SOL_SOCKET, SO_REUSEADDR, 1);
		}
		OK(bind(fds[0], SA(same)));
		OK(bind(fds[1], SA(same)));
		OK(listen(fds[0], 1));
		FAILS(EADDRINUSE, listen(fds[1], 1));
		FAILS(EADDRINUSE, bind(fds[2], SA(same)));
	}
	CASE("D3.1.2-15 D10-1", "ports below 1024 are for the privileged") {
		struct sockaddr_in low = v4(1, 7);

		OK(bind(many_style(), SA(low)));
		OK(setuid(65534));
		low.sin_port = htons(8);
		FAILS(EACCES, bind(tcp_style(), SA(low)));
		FAILS(EACCES, bind(many_style(), SA(low)));
		FAILS(EACCES, sctp_bindx(many_style(), (struct sockaddr *)&low, 1, SCTP_BINDX_ADD_ADDR));
		low.sin_port = htons(1024);
		OK(bind(many_style(), SA(low)));
	}
	CASE("D3.1.3-2", "the backlog of a one-to-many socket is no limit") {
		int server = bound(SOCK_SEQPACKET, 0);

		OK(listen(server, 1));
		for (int each = 0; each < 5; each++)
			OK(connect_to(tcp_style(), 0));
	}
	CASE("D3.1.3-3", "a backlog of 0 ends listening, and associations stay") {
		int server = listening(SOCK_SEQPACKET, 0), client = tcp_style();

		OK(connect_to(client, 0));
		OK(listen(server, 0));
		FAILS(ECONNREFUSED, connect_to(tcp_style(), 0));
		EQ(1, send(client, "x", 1, 0));
		TEXT(server, "x");
	}
	LINUX_CASE("D3.1.3-3", "a backlog of 0 is EINVAL where nobody listens") {
		int fd = bound(SOCK_SEQPACKET, 0), listener = listening(SOCK_SEQPACKET, 1);

		FAILS(EINVAL, listen(fd, 0));
		FAILS(EINVAL, listen(tcp_style(), 0));
		OK(listen(listener, 0));
		FAILS(EINVAL, listen(listener, 0));
	}
	RFC_CASE("D3.1.3-3", "a backlog of 0 does nothing where nobody listens") {
		int fd = bound(SOCK_SEQPACKET, 0), listener = listening(SOCK_SEQPACKET, 1);

		OK(listen(fd, 0));
		OK(listen(listener, 0));
		OK(listen(listener, 0));
		FAILS(ECONNREFUSED, connect_to(tcp_style(), 0));
	}
	CASE("D3.1.3-4", "a negative backlog is the largest") {
		for (int style = 0; style < 2; style++) {
			int fd = bound(style ? SOCK_SEQPACKET : SOCK_STREAM, style);

			OK(listen(fd, -1));
			for (int each = 0; each < 3; each++)
				OK(connect_to(tcp_style(), style));
		}
	}
	CASE("D3.1.3-5", "accept is not for one-to-many sockets") {
		int fd = bound(SOCK_SEQPACKET, 0);

		FAILS(EOPNOTSUPP, accept(fd, NULL, NULL));
		OK(listen(fd, 1));
		FAILS(EOPNOTSUPP, accept(fd, NULL, NULL));
	}
	CASE("D3.1.3-6 D3.1.3-9", "a new association is announced, with its id") {
		int server = listening(SOCK_SEQPACKET, 0);

		data_io(server);
		subscribe_to(server, SCTP_ASSOC_CHANGE, 1);
		int client = sender(0, "x");
		struct message *got = CHANGE(server, SCTP_COMM_UP);
		sctp_assoc_t id = got->event.sn_assoc_change.sac_assoc_id;

		EXPECT(got->flags & MSG_EOR);
		EQ(id, TEXT(server, "x")->sndrcv.sinfo_assoc_id);
		EXPECT(client >= 0);
	}
	CASE("D3.1.3-7", "a client that never listened is no server") {
		listening(SOCK_SEQPACKET, 0);
		int client = sender(0, "x");
		struct sockaddr_in to = v4(1, port_of(client));

		FAILS(ECONNREFUSED, connect(tcp_style(), SA(to)));
	}
	CASE("D3.1.3-8", "a server can end an association that it does not want") {
		struct many m = many_pair();
		sctp_assoc_t at_server, at_client;
		int second = more_client(&m, &at_server, &at_client);

		EQ(0, send_text(m.server, m.at_server, "", 0, SCTP_ABORT));
		CHANGE(m.client, SCTP_COMM_LOST);
		EQ(0, send_text(m.server, at_server, "", 0, SCTP_EOF));
		EVENT(second, SCTP_SHUTDOWN_EVENT);
		CHANGE(second, SCTP_SHUTDOWN_COMP);
	}
	CASE("D3.1.3-10 D5.2-4 D7.3-12", "nothing is told unless it is asked for") {
		struct sctp_event_subscribe events;
		socklen_t len = sizeof(events);
		int server = listening(SOCK_SEQPACKET, 0);

		OK(getsockopt(server, IPPROTO_SCTP, SCTP_EVENTS, &events, &len));
		for (unsigned each = 0; each < len; each++)
			EQ(0, ((unsigned char *)&events)[each]);
		sender(0, "x");
		struct message *got = TEXT(server, "x");
		EQ(0, got->control_len);
		QUIET(server, 50);
	}
	CASE("D3.1.3-11", "listen binds a socket that is not bound") {
		int fd = many_style();

		OK(listen(fd, 1));
		EXPECT(port_of(fd) >= 1024);
		struct sockaddr_in to = v4(1, port_of(fd));
		OK(connect(tcp_style(), SA(to)));
	}
	CASE("D3.1.3-12", "a branched-off socket does not listen") {
		struct many m = many_pair();
		int new = OK(sctp_peeloff(m.server, m.at_server));

		FAILS(EINVAL, listen(new, 1));
		FAILS(EINVAL, listen(new, 0));
		FAILS(EINVAL, listen(new, -1));
	}
	return cases_done();
}
