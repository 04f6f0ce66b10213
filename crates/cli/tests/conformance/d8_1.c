/* Section 8.1 of the draft: sctp_bindx(). */
#include "conform.h"

/* Packs IPv4 addresses with ports behind each other. */
static struct sockaddr *packed(int count, ...)
{
	static struct sockaddr_in room[8];
	__builtin_va_list list;

	__builtin_va_start(list, count);
	for (int each = 0; each < count; each++) {
		int host = __builtin_va_arg(list, int);
		room[each] = v4(host, (uint16_t)__builtin_va_arg(list, int));
	}
	__builtin_va_end(list);
	return (struct sockaddr *)room;
}

#define ADD SCTP_BINDX_ADD_ADDR
#define REM SCTP_BINDX_REM_ADDR

int main(void)
{
	CASE("D8.1-1 D8.1-12", "adding one address binds a fresh socket") {
		int fd = tcp_style();

		EQ(0, sctp_bindx(fd, packed(1, 1, port(0)), 1, ADD));
		EQ(port(0), port_of(fd));
		EQ(1, local_count(fd, 0));
	}
	CASE("D8.1-12 B1-9", "port 0 is an ephemeral port") {
		int fd = many_style();

		EQ(0, sctp_bindx(fd, packed(2, 1, 0, 2, 0), 2, ADD));
		EXPECT(port_of(fd) != 0);
		EQ(2, local_count(fd, 0));
	}
	CASE("D8.1-2", "an IPv4 socket takes no IPv6 address") {
		struct sockaddr_in6 six = v6(1, port(0));
		int fd = tcp_style();

		FAILS(EINVAL, sctp_bindx(fd, (struct sockaddr *)&six, 1, ADD));
		EQ(0, local_count(fd, 0));
	}
	CASE("D8.1-2 D8.1-3", "addresses of both families stand packed behind each other") {
		unsigned char array[60];
		struct sockaddr_in one = v4(1, port(0)), three = v4(2, port(0));
		struct sockaddr_in6 two = v6(1, port(0));
		int fd = OK(socket(AF_INET6, SOCK_SEQPACKET, IPPROTO_SCTP));

		memcpy(array, &one, 16);
		memcpy(array + 16, &two, 28);
		memcpy(array + 44, &three, 16);
		EQ(0, sctp_bindx(fd, (struct sockaddr *)array, 3, ADD));
		EQ(3, local_count(fd, 0));
	}
	CASE("D8.1-4", "one wildcard alone binds to all") {
		int fd = many_style();

		EQ(0, sctp_bindx(fd, packed(1, 0, port(0)), 1, ADD));
		EXPECT(local_count(fd, 0) >= 1);
	}
	CASE("D8.1-4", "a wildcard goes with no other address") {
		FAILS(EINVAL, sctp_bindx(many_style(), packed(2, 1, port(0), 0, port(0)), 2, ADD));
		FAILS(EINVAL, sctp_bindx(many_style(), packed(2, 0, port(1), 1, port(1)), 2, ADD));
		FAILS(EINVAL, sctp_bindx(bound(SOCK_STREAM, 2), packed(1, 0, port(2)), 1, ADD));
	}
	CASE("D8.1-5 B1-9", "the ports are the same or, after the first, 0") {
		FAILS(EINVAL, sctp_bindx(tcp_style(), packed(2, 1, port(0), 2, port(1)), 2, ADD));
		int fd = tcp_style();
		EQ(0, sctp_bindx(fd, packed(2, 1, port(2), 2, 0), 2, ADD));
		EQ(0, sctp_bindx(fd, packed(1, 3, 0), 1, ADD));
		FAILS(EINVAL, sctp_bindx(fd, packed(1, 4, port(3)), 1, ADD));
		EQ(0, sctp_bindx(fd, packed(1, 4, port(2)), 1, ADD));
		EQ(4, local_count(fd, 0));
	}
	CASE("D8.1-6", "add or remove, and nothing else") {
		int fd = bound(SOCK_STREAM, 0);

		EQ(1, ADD);
		EQ(2, REM);
		FAILS(EINVAL, sctp_bindx(fd, packed(1, 2, port(0)), 1, ADD | REM));
		FAILS(EINVAL, sctp_bindx(fd, packed(1, 2, port(0)), 1, 0));
		FAILS(EINVAL, sctp_bindx(fd, packed(1, 2, port(0)), 1, 4));
		EQ(1, local_count(fd, 0));
	}
	CASE("D8.1-7", "more addresses after bind() are told to new peers") {
		int fd = bound(SOCK_STREAM, 0), client = tcp_style();

		EQ(0, sctp_bindx(fd, packed(1, 2, port(0)), 1, ADD));
		EQ(2, local_count(fd, 0));
		OK(listen(fd, 1));
		OK(connect_to(client, 0));
		EQ(2, peer_count(client, 0));
	}
	CASE("D8.1-8", "new associations do not have an address that was removed") {
		int fd = bound(SOCK_STREAM, 0), client = tcp_style();

		EQ(0, sctp_bindx(fd, packed(1, 2, port(0)), 1, ADD));
		OK(listen(fd, 1));
		EQ(0, sctp_bindx(fd, packed(1, 2, port(0)), 1, REM));
		OK(connect_to(client, 0));
		EQ(1, peer_count(client, 0));
		struct sockaddr_in gone = v4(2, port(0));
		FAILS(ECONNREFUSED, connect(tcp_style(), SA(gone)));
	}
	LINUX_CASE("D8.1-9", "removing the last address is EBUSY") {
		int fd = bound(SOCK_STREAM, 0);

		FAILS(EBUSY, sctp_bindx(fd, packed(1, 1, port(0)), 1, REM));
		EQ(0, sctp_bindx(fd, packed(1, 2, port(0)), 1, ADD));
		FAILS(EBUSY, sctp_bindx(fd, packed(2, 1, port(0), 2, port(0)), 2, REM));
		EQ(2, local_count(fd, 0));
	}
	RFC_CASE("D8.1-9", "removing the last address is EINVAL") {
		int fd = bound(SOCK_STREAM, 0);

		FAILS(EINVAL, sctp_bindx(fd, packed(1, 1, port(0)), 1, REM));
		EQ(0, sctp_bindx(fd, packed(1, 2, port(0)), 1, ADD));
		FAILS(EINVAL, sctp_bindx(fd, packed(2, 1, port(0), 2, port(0)), 2, REM));
		EQ(2, local_count(fd, 0));
	}
	CASE("D8.1-11", "without dynamic addresses a connected socket's endpoint is changed") {
		int ends[2];

		tcp_pair(ends);
		int before = local_count(ends[1], 0);
		EQ(0, sctp_bindx(ends[1], packed(1, 3, 0), 1, ADD));
		EQ(before, 1);
		EQ(1, send(ends[0], "x", 1, 0));
		TEXT(ends[1], "x");
	}
	CASE("D8.1-13 B1-9", "on a bound socket all addresses are added or none") {
		int fd = bound(SOCK_STREAM, 0);
		struct sockaddr_in foreign = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000201) };
		struct sockaddr_in both[2] = { v4(2, 0), foreign };

		FAILS(EADDRNOTAVAIL, sctp_bindx(fd, (struct sockaddr *)both, 2, ADD));
		EQ(1, local_count(fd, 0));
	}
	LINUX_CASE("D8.1-13", "a socket that was not bound keeps the first address") {
		int fd = tcp_style();
		struct sockaddr_in foreign = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000201) };
		struct sockaddr_in both[2] = { v4(2, port(0)), foreign };

		FAILS(EADDRNOTAVAIL, sctp_bindx(fd, (struct sockaddr *)both, 2, ADD));
		EQ(1, local_count(fd, 0));
	}
	RFC_CASE("D8.1-13", "a socket that was not bound is not bound then") {
		int fd = tcp_style();
		struct sockaddr_in foreign = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000201) };
		struct sockaddr_in both[2] = { v4(2, port(0)), foreign };

		FAILS(EADDRNOTAVAIL, sctp_bindx(fd, (struct sockaddr *)both, 2, ADD));
		EQ(0, local_count(fd, 0));
		struct sockaddr_in again = v4(1, port(0));
		OK(bind(fd, SA(again)));
	}
	CASE("D8.1-14", "errors of adding") {
		int fd = tcp_style(), other = bound(SOCK_STREAM, 1);
		struct sockaddr_in foreign = { .sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000201) };
		struct sockaddr unknown = { .sa_family = AF_APPLETALK };

		FAILS(EADDRNOTAVAIL, sctp_bindx(fd, (struct sockaddr *)&foreign, 1, ADD));
		FAILS(EADDRINUSE, sctp_bindx(fd, packed(1, 1, port(1)), 1, ADD));
		FAILS(EINVAL, sctp_bindx(other, packed(1, 1, port(1)), 1, ADD));
		FAILS(EINVAL, sctp_bindx(fd, packed(1, 1, port(2)), 0, ADD));
		FAILS(EINVAL, sctp_bindx(fd, packed(1, 1, port(2)), -1, ADD));
		FAILS(EINVAL, sctp_bindx(fd, &unknown, 1, ADD));
		if (!is_kernel())
			FAILS(EINVAL, sctp_bindx(fd, NULL, 1, ADD));
	}
	CASE("D8.1-14", "errors of removing") {
		int fd = bound(SOCK_STREAM, 0);

		EQ(0, sctp_bindx(fd, packed(1, 2, 0), 1, ADD));
		FAILS(EINVAL, sctp_bindx(fd, packed(1, 3, port(0)), 1, REM));
		FAILS(EINVAL, sctp_bindx(fd, packed(1, 2, port(1)), 1, REM));
		FAILS(EADDRNOTAVAIL, sctp_bindx(fd, packed(1, 0, port(0)), 1, REM));
		EQ(2, local_count(fd, 0));
	}
	LINUX_CASE("D8.1-14", "nothing can be removed from a socket that is not bound") {
		FAILS(EBUSY, sctp_bindx(tcp_style(), packed(1, 1, port(0)), 1, REM));
	}
	return cases_done();
}
