/* What Linux has beside RFC 6458: the options behind libsctp's functions, FIONREAD; and some rows of single options. */
#include "conform.h"

static void tunnels(void)
{
	CASE("B10-1", "the options behind sctp_bindx take a packed array") {
		int fd = tcp_style();
		struct sockaddr_in list[2] = { v4(1, port(0)), v4(2, port(0)) };

		OK(setsockopt(fd, IPPROTO_SCTP, SCTP_SOCKOPT_BINDX_ADD, list, sizeof(list)));
		EQ(2, local_count(fd, 0));
		OK(setsockopt(fd, IPPROTO_SCTP, SCTP_SOCKOPT_BINDX_REM, &list[1], sizeof(list[1])));
		EQ(1, local_count(fd, 0));
	}
	CASE("B10-2", "the option behind sctp_peeloff gives a descriptor") {
		struct many m = many_pair();
		sctp_peeloff_arg_t argument = { .associd = m.at_client };
		socklen_t len = sizeof(argument);

		int fd = OK(getsockopt(m.client, IPPROTO_SCTP, SCTP_SOCKOPT_PEELOFF, &argument, &len));
		EQ(fd, argument.sd);
		EQ(1, send(fd, "x", 1, 0));
		TEXT(m.server, "x");
	}
	CASE("B10-3", "the options behind sctp_connectx: the newer one gives the id") {
		listening(SOCK_SEQPACKET, 8);
		struct sockaddr_in to = v4(1, port(8));
		int older = many_style(), newer = many_style();

		EQ(0, setsockopt(older, IPPROTO_SCTP, SCTP_SOCKOPT_CONNECTX_OLD, &to, sizeof(to)));
		EXPECT(setsockopt(newer, IPPROTO_SCTP, SCTP_SOCKOPT_CONNECTX, &to, sizeof(to)) > 0);
	}
	CASE("B10-4", "the options behind sctp_getpaddrs and sctp_getladdrs want room") {
		int ends[2];
		char room[256] = { 0 };
		struct sctp_getaddrs *list = (struct sctp_getaddrs *)room;
		socklen_t len = sizeof(room);

		tcp_pair(ends);
		OK(getsockopt(ends[0], IPPROTO_SCTP, SCTP_GET_PEER_ADDRS, room, &len));
		EQ(1, list->addr_num);
		len = sizeof(room);
		OK(getsockopt(ends[0], IPPROTO_SCTP, SCTP_GET_LOCAL_ADDRS, room, &len));
		EXPECT(list->addr_num >= 1);
		memset(room, 0, sizeof(room));
		len = sizeof(*list) + 8;
		FAILS(ENOMEM, getsockopt(ends[0], IPPROTO_SCTP, SCTP_GET_PEER_ADDRS, room, &len));
	}
	CASE("B10-13", "FIONREAD is the size of the next message or notification") {
		int ends[2], size = 77;

		tcp_pair(ends);
		OK(ioctl(ends[1], FIONREAD, &size));
		EQ(0, size);
		subscribe_to(ends[1], SCTP_SHUTDOWN_EVENT, 1);
		EQ(5, send(ends[0], "first", 5, 0));
		EXPECT(poll_within(ends[1], POLLIN, 5000));
		OK(ioctl(ends[1], FIONREAD, &size));
		EQ(5, size);
		TEXT(ends[1], "first");
		OK(close(ends[0]));
		EXPECT(poll_within(ends[1], POLLIN, 5000));
		OK(ioctl(ends[1], FIONREAD, &size));
		EQ(12, size);
	}
	CASE("B11-1", "sctp_getassocid gives the id of the association with an address") {
		struct many m = many_pair();
		struct sockaddr_in to = v4(1, port_of(m.server)), nobody = v4(5, 5);

		EQ(m.at_client, sctp_getassocid(m.client, (struct sockaddr *)&to));
		errno = 0;
		EQ(0, sctp_getassocid(m.client, (struct sockaddr *)&nobody));
		EQ(EINVAL, errno);
	}
}

static void options(void)
{
	CASE("B7-1", "SCTP_SACK_IMMEDIATELY sets the I bit of the message") {
		int ends[2];

		wire_start();
		tcp_pair(ends);
		EQ(1, send_text(ends[0], 0, "x", 0, SCTP_SACK_IMMEDIATELY));
		EQ(8, WIRE(DATA, 0)->flags & 8);
		TEXT(ends[1], "x");
		EQ(1, sctp_sendmsg(ends[0], "y", 1, NULL, 0, 0, SCTP_SACK_IMMEDIATELY, 0, 0, 0));
		EQ(8, WIRE(DATA, 1)->flags & 8);
	}
	CASE("D9-5 D9-6", "dynamic addresses are announced as there are") {
#if !HAVE_SCTP_ADDIP || !HAVE_SCTP_CANSET_PRIMARY
		case_failed("HAVE_SCTP_ADDIP, HAVE_SCTP_CANSET_PRIMARY");
#endif
		struct sctp_assoc_value on = { .assoc_value = 1 };
		OK(setsockopt(tcp_style(), IPPROTO_SCTP, SCTP_ASCONF_SUPPORTED, &on, sizeof(on)));
	}
	CASE("B3-10", "SCTP_MAX_BURST reads four, and takes a value") {
		struct sctp_assoc_value value = { 0 };
		socklen_t len = sizeof(value);
		int fd = tcp_style();

		OK(getsockopt(fd, IPPROTO_SCTP, SCTP_MAX_BURST, &value, &len));
		EQ(4, value.assoc_value);
		value.assoc_value = 1;
		OK(setsockopt(fd, IPPROTO_SCTP, SCTP_MAX_BURST, &value, sizeof(value)));
		len = sizeof(value);
		OK(getsockopt(fd, IPPROTO_SCTP, SCTP_MAX_BURST, &value, &len));
		EQ(1, value.assoc_value);
	}
	CASE("B3-6", "SCTP_DELAYED_SACK: delay and frequency, within bounds, with 0 for no change") {
		struct sctp_sack_info info = { .sack_delay = 100, .sack_freq = 3 };
		socklen_t len = sizeof(info);
		int fd = tcp_style();

		OK(setsockopt(fd, IPPROTO_SCTP, SCTP_DELAYED_SACK, &info, sizeof(info)));
		info.sack_delay = 0;
		info.sack_freq = 4;
		OK(setsockopt(fd, IPPROTO_SCTP, SCTP_DELAYED_SACK, &info, sizeof(info)));
		OK(getsockopt(fd, IPPROTO_SCTP, SCTP_DELAYED_SACK, &info, &len));
		EQ(100, info.sack_delay);
		EQ(4, info.sack_freq);
		info.sack_delay = 501;
		FAILS(EINVAL, setsockopt(fd, IPPROTO_SCTP, SCTP_DELAYED_SACK, &info, sizeof(info)));
	}
}

int main(void)
{
	tunnels();
	options();
	return cases_done();
}
