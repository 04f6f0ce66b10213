/* Sections 8.2 to 8.11, 9 and 10 of the draft: the other functions, the constants, privileges. */
#include "conform.h"

static char byte[64];

int main(void)
{
	CASE("D8.2-1 D8.2-2", "sctp_peeloff gives a descriptor for one-to-one calls") {
		struct many m = many_pair();
		struct sockaddr_in any = v4(1, 0);
		int new = OK(sctp_peeloff(m.server, m.at_server));

		EXPECT(new != m.server);
		EQ(SOCK_SEQPACKET, int_option(new, SOL_SOCKET, SO_TYPE));
		FAILS(EISCONN, connect_to(new, 8));
		FAILS(EINVAL, listen(new, 1));
		FAILS(EOPNOTSUPP, accept(new, NULL, NULL));
		FAILS(EINVAL, sctp_peeloff(new, m.at_server));
		FAILS(EINVAL, bind(new, SA(any)));
		EQ(2, send(new, "hi", 2, 0));
		TEXT(m.client, "hi");
	}
	CASE("D8.2-3", "the association must exist, on a one-to-many socket") {
		int ends[2];
		struct many m = many_pair();

		tcp_pair(ends);
		FAILS(EINVAL, sctp_peeloff(m.server, m.at_server + 1000));
		FAILS(EINVAL, sctp_peeloff(m.server, 0));
		FAILS(EINVAL, sctp_peeloff(ends[0], 0));
	}
	CASE("D8.2-4", "what has not been read moves along, in order") {
		struct many m = many_pair();

		EQ(3, send_text(m.client, m.at_client, "one", 0, 0));
		EQ(3, send_text(m.client, m.at_client, "two", 0, 0));
		usleep(100000);
		int new = OK(sctp_peeloff(m.server, m.at_server));
		TEXT(new, "one");
		TEXT(new, "two");
		OK(close(m.client));
		EVENT(new, SCTP_SHUTDOWN_EVENT);
		QUIET(m.server, 50);
	}
	CASE("D8.2-5", "options are taken over, O_NONBLOCK is not") {
		struct many m = many_pair();

		set_int(m.server, IPPROTO_SCTP, SCTP_NODELAY, 1);
		set_int(m.server, IPPROTO_SCTP, SCTP_RECVRCVINFO, 1);
		set_int(m.server, SOL_SOCKET, SO_SNDBUF, 30000);
		nonblocking(m.server);
		int new = OK(sctp_peeloff(m.server, m.at_server));
		EQ(1, int_option(new, IPPROTO_SCTP, SCTP_NODELAY));
		EQ(1, int_option(new, IPPROTO_SCTP, SCTP_RECVRCVINFO));
		EQ(60000, int_option(new, SOL_SOCKET, SO_SNDBUF));
		EXPECT(!(fcntl(new, F_GETFL) & O_NONBLOCK));
	}
	CASE("D8.2-6", "the original cannot connect to the peer of what was branched off") {
		struct many m = many_pair();
		struct sockaddr_in to = v4(1, port_of(m.client));

		OK(sctp_peeloff(m.server, m.at_server));
		FAILS(EADDRNOTAVAIL, connect(m.server, SA(to)));
		FAILS(EADDRNOTAVAIL, sctp_connectx(m.server, (struct sockaddr *)&to, 1, NULL));
	}
	CASE("D8.3-1 D8.3-2 D8.4-1 D8.5-4 D8.6-1", "lists of addresses are allocated, packed and freed") {
		struct sockaddr_in list[2] = { v4(1, port(0)), v4(2, port(0)) };
		struct sockaddr *addresses = NULL;
		int server = tcp_style(), client = tcp_style();

		OK(sctp_bindx(server, (struct sockaddr *)list, 2, SCTP_BINDX_ADD_ADDR));
		OK(listen(server, 1));
		OK(connect_to(client, 0));
		EQ(2, sctp_getpaddrs(client, 0, &addresses));
		for (int each = 0; each < 2; each++) {
			struct sockaddr_in *one = (struct sockaddr_in *)addresses + each;
			EQ(AF_INET, one->sin_family);
			EQ(htons(port(0)), one->sin_port);
			EXPECT(one->sin_addr.s_addr == list[0].sin_addr.s_addr || one->sin_addr.s_addr == list[1].sin_addr.s_addr);
		}
		EQ(0, sctp_freepaddrs(addresses));
		EQ(2, sctp_getladdrs(server, 0, &addresses));
		EQ(0, sctp_freeladdrs(addresses));
		if (!is_kernel()) {
			sctp_freepaddrs(NULL);
			sctp_freeladdrs(NULL);
		}
	}
	CASE("D8.3-3", "the place for the list must not be NULL") {
		int ends[2];

		if (is_kernel())
			case_skipped("the library there crashes");
		tcp_pair(ends);
		FAILS(EFAULT, sctp_getpaddrs(ends[0], 0, NULL));
		FAILS(EFAULT, sctp_getladdrs(ends[0], 0, NULL));
	}
	CASE("D8.3-4", "an IPv6 socket lists IPv4 peers mapped, or as they are") {
		int server = OK(socket(AF_INET6, SOCK_STREAM, IPPROTO_SCTP)), client = bound(SOCK_STREAM, 1), off = 0;
		struct sockaddr_in6 any = v6(0, port(0));
		struct sockaddr *addresses;

		OK(bind(server, SA(any)));
		OK(listen(server, 1));
		OK(connect_to(client, 0));
		int fd = OK(accept(server, NULL, NULL));
		EQ(1, sctp_getpaddrs(fd, 0, &addresses));
		EQ(AF_INET6, addresses->sa_family);
		OK(setsockopt(fd, IPPROTO_SCTP, SCTP_I_WANT_MAPPED_V4_ADDR, &off, sizeof(off)));
		EQ(1, sctp_getpaddrs(fd, 0, &addresses));
		EQ(AF_INET, addresses->sa_family);
	}
	CASE("D8.3-5", "the id selects on one-to-many sockets and is ignored on the others") {
		struct many m = many_pair();
		int ends[2];

		tcp_pair(ends);
		EQ(1, peer_count(m.server, m.at_server));
		FAILS(EINVAL, peer_count(m.server, m.at_server + 1000));
		EXPECT(peer_count(ends[1], 12345) >= 1);
	}
	LINUX_CASE("D8.3-6", "without an association the peer's addresses are EINVAL") {
		FAILS(EINVAL, peer_count(tcp_style(), 0));
		FAILS(EINVAL, peer_count(many_style(), 0));
	}
	RFC_CASE("D8.3-6", "without an association there are no addresses of a peer") {
		struct many m = many_pair();

		EQ(0, peer_count(tcp_style(), 0));
		EQ(0, peer_count(many_style(), 0));
		FAILS(EINVAL, peer_count(m.server, m.at_server + 1000));
	}
	CASE("D8.5-1 D8.5-2", "the bound addresses, none on a fresh socket") {
		EQ(0, local_count(tcp_style(), 0));
		EQ(1, local_count(bound(SOCK_STREAM, 0), 0));
		int other = OK(socket(AF_INET, SOCK_STREAM, 0));
		FAILS(EOPNOTSUPP, local_count(other, 0));
	}
	CASE("D8.5-3", "an association has the addresses that it was told with") {
		struct many m = many_pair();
		struct sockaddr_in more = v4(3, 0);

		EQ(1, local_count(m.server, m.at_server));
		OK(sctp_bindx(m.server, (struct sockaddr *)&more, 1, SCTP_BINDX_ADD_ADDR));
		EQ(2, local_count(m.server, 0));
		EQ(1, local_count(m.server, m.at_server));
	}
	CASE("D8.7-1 D8.7-2 D8.7-3 D8.7-4 D8.8-1 D8.8-3", "sctp_sendmsg and sctp_recvmsg") {
		wire_start();
		int ends[2], flags = 0;
		struct sockaddr_in from;
		socklen_t len = sizeof(from);
		struct sctp_sndrcvinfo info = { 0 };
		uint32_t ppid;

		tcp_pair(ends);
		subscribe_to(ends[1], SCTP_DATA_IO_EVENT, 1);
		memcpy(&ppid, "abcd", 4);
		EQ(3, sctp_sendmsg(ends[0], "one", 3, NULL, 0, ppid, SCTP_UNORDERED, 4, 0, 9));
		EQ(3, sctp_recvmsg(ends[1], byte, sizeof(byte), (struct sockaddr *)&from, &len, &info, &flags));
		EQ(4, info.sinfo_stream);
		EQ(ppid, info.sinfo_ppid);
		EQ(SCTP_UNORDERED, info.sinfo_flags);
		EQ(MSG_EOR, flags & MSG_EOR);
		EQ(port_of(ends[0]), ntohs(from.sin_port));
		EQ(4, WIRE(DATA, 0)->flags & 4);
		EQ(0, memcmp(WIRE(DATA, 0)->value + 8, "abcd", 4));
		EQ(4, WIRE(DATA, 0)->value[5]);
	}
	CASE("D8.8-2 D8.8-4", "without data-io sinfo is untouched, and all places may be NULL") {
		int ends[2], flags = MSG_PEEK;
		struct sctp_sndrcvinfo info;

		memset(&info, 0xee, sizeof(info));
		tcp_pair(ends);
		EQ(1, send(ends[0], "x", 1, 0));
		EXPECT(poll_within(ends[1], POLLIN, 5000) & POLLIN);
		EQ(1, sctp_recvmsg(ends[1], byte, 8, NULL, NULL, &info, &flags));
		EQ(0xeeee, info.sinfo_stream);
		EQ(1, sctp_recvmsg(ends[1], byte, 8, NULL, NULL, NULL, NULL));
	}
	CASE("D8.8-3", "msg_flags is read too: MSG_PEEK, MSG_DONTWAIT") {
		int ends[2], flags = MSG_PEEK;

		tcp_pair(ends);
		EQ(1, send(ends[0], "x", 1, 0));
		EXPECT(poll_within(ends[1], POLLIN, 5000) & POLLIN);
		EQ(1, sctp_recvmsg(ends[1], byte, 8, NULL, NULL, NULL, &flags));
		flags = 0;
		EQ(1, sctp_recvmsg(ends[1], byte, 8, NULL, NULL, NULL, &flags));
		flags = MSG_DONTWAIT;
		FAILS(EAGAIN, sctp_recvmsg(ends[1], byte, 8, NULL, NULL, NULL, &flags));
	}
	CASE("D8.9-1 D8.9-3 B1-10", "sctp_connectx: a list for the set-up, and an id") {
		struct sockaddr_in list[2] = { v4(1, port(0)), v4(2, port(0)) };
		int server = listening(SOCK_SEQPACKET, 0), client = many_style();
		sctp_assoc_t id = -1;

		EQ(0, sctp_connectx(client, (struct sockaddr *)list, 2, &id));
		EXPECT(id >= 3);
		EQ(SCTP_ESTABLISHED, state_of(client, id));
		EQ(1, peer_count(client, id));
		EXPECT(server >= 0);
	}
	CASE("D8.9-2", "sctp_connectx goes on to the second address when the first is dead") {
		struct silence dead = silence();
		setenv("USCTP_UDP_PORT", "9899", 1);
		struct sockaddr_in list[2] = { v4(dead.host, port(0)), v4(1, port(0)) }, near = v4(1, port(0));
		struct sctp_rtoinfo rto = { .srto_initial = 200, .srto_min = 200, .srto_max = 500 };
		int server = tcp_style(), client = tcp_style();

		OK(bind(server, SA(near)));
		OK(listen(server, 1));
		OK(setsockopt(client, IPPROTO_SCTP, SCTP_RTOINFO, &rto, sizeof(rto)));
		EQ(0, sctp_connectx(client, (struct sockaddr *)list, 2, NULL));
		OK(accept(server, NULL, NULL));
	}
	CASE("D8.9-4", "sctp_connectx on both styles, and without blocking") {
		struct sockaddr_in one = v4(1, port(0)), two = v4(1, port(1));
		int first = listening(SOCK_SEQPACKET, 0), second = listening(SOCK_SEQPACKET, 1);
		sctp_assoc_t ids[3] = { 0 };

		for (int style = 0; style < 2; style++) {
			int fd = style ? many_style() : tcp_style();

			nonblocking(fd);
			FAILS(EINPROGRESS, sctp_connectx(fd, (struct sockaddr *)&one, 1, &ids[style]));
			EXPECT(ids[style] >= 3);
			if (style) {
				FAILS(EINPROGRESS, sctp_connectx(fd, (struct sockaddr *)&two, 1, &ids[2]));
				EXPECT(ids[2] != ids[1]);
			}
		}
		EXPECT(first != second);
	}
	CASE("D8.9-5", "errors of sctp_connectx") {
		struct sockaddr_in list[2] = { v4(1, port(0)), v4(2, port(1)) };
		int fd = tcp_style(), ends[2];

		tcp_pair(ends);
		FAILS(EINVAL, sctp_connectx(fd, (struct sockaddr *)list, 2, NULL));
		FAILS(EINVAL, sctp_connectx(fd, (struct sockaddr *)list, 0, NULL));
		FAILS(EINVAL, sctp_connectx(fd, (struct sockaddr *)list, -1, NULL));
		FAILS(EISCONN, sctp_connectx(ends[0], (struct sockaddr *)list, 1, NULL));
		FAILS(ECONNREFUSED, sctp_connectx(fd, (struct sockaddr *)list, 1, NULL));
		list[0].sin_family = 77;
		FAILS(EINVAL, sctp_connectx(fd, (struct sockaddr *)list, 1, NULL));
		if (!is_kernel())
			FAILS(EINVAL, sctp_connectx(fd, NULL, 1, NULL));
	}
	CASE("D8.10-1 D8.10-2 D8.10-4", "sctp_send sends with an item and without a cmsg") {
		struct many m = many_pair();
		struct sctp_sndrcvinfo info = { .sinfo_assoc_id = m.at_client, .sinfo_stream = 3, .sinfo_ppid = 7,
						.sinfo_flags = SCTP_UNORDERED };

		EQ(2, sctp_send(m.client, "hi", 2, &info, 0));
		struct message *got = TEXT(m.server, "hi");
		EQ(3, got->sndrcv.sinfo_stream);
		EQ(7, got->sndrcv.sinfo_ppid);
		EQ(SCTP_UNORDERED, got->sndrcv.sinfo_flags);
	}
	CASE("D8.10-3 D8.10-5", "the flags of sctp_send are those of sendmsg, and the item may be missing") {
		int ends[2];
		struct sctp_sndrcvinfo info = { 0 };

		tcp_pair(ends);
		EQ(2, sctp_send(ends[0], "hi", 2, NULL, 0));
		TEXT(ends[1], "hi");
		fill(ends[0], 0, 1000);
		FAILS(EAGAIN, sctp_send(ends[0], "x", 1, &info, MSG_DONTWAIT));
	}
#ifdef MSG_SENDALL
	CASE("D8.11-1 D8.11-2 D8.11-3 D8.11-4 D8.11-5", "sctp_sendx begins an association over a list, and uses one that is there") {
		struct sockaddr_in list[2] = { v4(1, port(0)), v4(2, port(0)) };
		int server = listening(SOCK_SEQPACKET, 0), client = many_style();
		struct sctp_sndrcvinfo info = { .sinfo_stream = 1 };

		subscribe(server);
		subscribe_to(client, SCTP_ASSOC_CHANGE, 1);
		EQ(2, sctp_sendx(client, "hi", 2, (struct sockaddr *)list, 2, &info, 0));
		sctp_assoc_t id = CHANGE(client, SCTP_COMM_UP)->event.sn_assoc_change.sac_assoc_id;
		EQ(id, info.sinfo_assoc_id);
		info.sinfo_assoc_id = 0;
		EQ(2, sctp_sendx(client, "yo", 2, (struct sockaddr *)list, 1, &info, 0));
		EQ(id, info.sinfo_assoc_id);
		info.sinfo_flags = SCTP_EOF;
		EQ(0, sctp_sendx(client, NULL, 0, NULL, 0, &info, 0));
		CHANGE(client, SCTP_SHUTDOWN_COMP);
	}
#endif
	CASE("D9-1 D9-2 D9-3 D9-7 D9-8 D9-9", "the constants of the include file") {
		if (is_kernel())
			case_skipped("the header there has them without values");
#if defined(MSG_SENDALL) && (HAVE_SCTP + 0 != 1 || HAVE_SCTP_MULTIBUF + 0 != 1 || HAVE_SCTP_NOCONNECT + 0 != 1)
		case_failed("a constant has another value");
#endif
#ifdef HAVE_SCTP_SAT_NETWORK_CAPABILITY
		case_failed("there is no such extension");
#endif
#ifdef HAVE_KERNEL_SCTP
		case_failed("this is no kernel");
#endif
	}
	CASE("D9-4", "HAVE_SCTP_PRSCTP is 1") {
		if (is_kernel())
			case_skipped("the header there has it without a value");
#if !defined(HAVE_SCTP_PRSCTP) || HAVE_SCTP_PRSCTP + 0 != 1
		case_failed("not defined");
#endif
	}
	LINUX_CASE("D10-2 D10-3", "anyone may lower the retransmission timers") {
		struct sctp_rtoinfo rto = { .srto_initial = 20, .srto_min = 10, .srto_max = 100 };

		OK(setuid(65534));
		OK(setsockopt(tcp_style(), IPPROTO_SCTP, SCTP_RTOINFO, &rto, sizeof(rto)));
	}
	RFC_CASE("D10-2 D10-3", "only the privileged may lower the retransmission timers") {
		struct sctp_rtoinfo low = { .srto_initial = 20, .srto_min = 10, .srto_max = 100 };
		struct sctp_rtoinfo high = { .srto_initial = 5000, .srto_min = 2000, .srto_max = 60000 };

		OK(setsockopt(tcp_style(), IPPROTO_SCTP, SCTP_RTOINFO, &low, sizeof(low)));
		OK(setuid(65534));
		int fd = tcp_style();
		FAILS(EPERM, setsockopt(fd, IPPROTO_SCTP, SCTP_RTOINFO, &low, sizeof(low)));
		OK(setsockopt(fd, IPPROTO_SCTP, SCTP_RTOINFO, &high, sizeof(high)));
	}
	CASE("D10-4 D10-5", "who inherits a privileged port may accept, and not connect") {
		struct sockaddr_in low = v4(1, 7), other = v4(1, port(1));
		int fd = many_style();

		listening(SOCK_SEQPACKET, 1);
		OK(bind(fd, SA(low)));
		OK(listen(fd, 1));
		OK(setuid(65534));
		int client = tcp_style();
		OK(connect(client, SA(low)));
		EQ(1, send(client, "x", 1, 0));
		struct message *got = TEXT(fd, "x");
		EQ(1, sendto(fd, "y", 1, 0, (struct sockaddr *)&got->from, got->from_len));
		EQ(1, recv(client, byte, 8, 0));
		FAILS(EACCES, connect(fd, SA(other)));
		FAILS(EACCES, sendto(fd, "x", 1, MSG_NOSIGNAL, SA(other)));
	}
	return cases_done();
}
