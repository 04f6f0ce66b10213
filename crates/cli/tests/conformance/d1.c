/* Sections 1 and 2 of the draft: introduction, data types. */
#include "conform.h"

static void no_multicast(int type)
{
	const char *addresses[] = { "224.0.0.1", "255.255.255.255" };

	for (unsigned each = 0; each < 2; each++) {
		struct sockaddr_in to = v4(1, port(1));
		int fd = OK(socket(AF_INET, type, IPPROTO_SCTP));

		inet_pton(AF_INET, addresses[each], &to.sin_addr);
		FAILS(EADDRNOTAVAIL, bind(fd, SA(to)));
		FAILS(EINVAL, connect(fd, SA(to)));
		FAILS(EINVAL, sendto(fd, "x", 1, MSG_NOSIGNAL, SA(to)));
		close(fd);
	}
	struct sockaddr_in6 to = v6(1, port(1));
	int fd = OK(socket(AF_INET6, type, IPPROTO_SCTP));

	inet_pton(AF_INET6, "ff02::1", &to.sin6_addr);
	FAILS(EADDRNOTAVAIL, bind(fd, SA(to)));
	FAILS(EINVAL, connect(fd, SA(to)));
	FAILS(EINVAL, sendto(fd, "x", 1, MSG_NOSIGNAL, SA(to)));
}

int main(void)
{
	CASE("D1-1", "no multicast and no broadcast on one-to-one sockets") {
		no_multicast(SOCK_STREAM);
	}
	CASE("D1-1", "no multicast and no broadcast on one-to-many sockets") {
		no_multicast(SOCK_SEQPACKET);
	}
	CASE("D1-1", "the wildcard is no destination") {
		struct sockaddr_in any = v4(0, port(1));

		FAILS(EINVAL, connect(tcp_style(), SA(any)));
		FAILS(EINVAL, sendto(many_style(), "x", 1, MSG_NOSIGNAL, SA(any)));
	}
	CASE("D1-2", "the same options and items work with both styles") {
		int ends[2];
		struct many m = many_pair();

		tcp_pair(ends);
		subscribe(ends[1]);
		for (int style = 0; style < 2; style++) {
			int from = style ? ends[0] : m.client, to = style ? ends[1] : m.server;
			sctp_assoc_t id = style ? 0 : m.at_client;

			set_int(from, IPPROTO_SCTP, SCTP_NODELAY, 1);
			EQ(1, int_option(from, IPPROTO_SCTP, SCTP_NODELAY));
			EQ(2, send_text(from, id, "hi", 3, 0));
			EQ(3, TEXT(to, "hi")->sndrcv.sinfo_stream);
		}
	}
	CASE("D1-3", "poll on a one-to-one socket is as with TCP") {
		int listener = listening(SOCK_STREAM, 0), client = tcp_style();

		REACHES(listener, 0);
		OK(connect_to(client, 0));
		REACHES(client, POLLOUT);
		REACHES(listener, POLLIN);
		int server = OK(accept(listener, NULL, NULL));
		REACHES(listener, 0);
		REACHES(server, POLLOUT);
		EQ(1, send(client, "x", 1, 0));
		REACHES(server, POLLIN | POLLOUT);
		TEXT(server, "x");
		REACHES(server, POLLOUT);
		OK(close(client));
		REACHES(server, POLLIN | POLLOUT | POLLRDHUP);
		EQ(0, recv(server, (char[8]){ 0 }, 8, 0));
	}
	CASE("D2.1-1", "sized types have their bits, sizes of buffers are size_t") {
		struct sctp_sndrcvinfo info;

		EQ(2, sizeof(info.sinfo_stream));
		EQ(2, sizeof(info.sinfo_flags));
		EQ(4, sizeof(info.sinfo_ppid));
		EQ(4, sizeof(info.sinfo_tsn));
		EQ(4, sizeof(sctp_assoc_t));
		EXPECT((sctp_assoc_t)-1 < 0);
		ssize_t (*send_it)(int, const void *, size_t, int) = send;
		EXPECT(send_it != NULL);
	}
	CASE("D2.1-2", "the length of an option is a socklen_t") {
		int (*set)(int, int, int, const void *, socklen_t) = setsockopt;
		int (*get)(int, int, int, void *, socklen_t *) = getsockopt;

		EXPECT(set != NULL && get != NULL);
	}
	return cases_done();
}
