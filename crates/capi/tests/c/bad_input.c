/* Bad pointers, lengths, flags and descriptors: the kernel's errno, never a crash. */
#include "check.h"
#include <sys/mman.h>
#include <sys/uio.h>

#define PORT 5007
#define BAD ((void *)8)

static char *read_only, *hole;

static void pointers(int fd, int connected_fd, int other_end)
{
	struct sockaddr_storage to;
	socklen_t len = address(&to, PORT), room = sizeof(to);
	char data[64];
	struct iovec good = { data, sizeof(data) }, bad = { BAD, 10 };
	struct msghdr message = { .msg_iov = &bad, .msg_iovlen = 1 };

	FAILS(EFAULT, bind(fd, BAD, len));
	FAILS(EFAULT, connect(fd, BAD, len));
	FAILS(EFAULT, getsockname(fd, BAD, &room));
	FAILS(EFAULT, getsockname(fd, (void *)&to, NULL));
	FAILS(EFAULT, getpeername(connected_fd, (void *)&to, BAD));
	FAILS(EFAULT, send(connected_fd, BAD, 10, 0));
	FAILS(EFAULT, write(connected_fd, NULL, 10));
	FAILS(EFAULT, send(connected_fd, hole - 5, 10, 0));
	FAILS(EFAULT, sendmsg(connected_fd, BAD, 0));
	FAILS(EFAULT, sendmsg(connected_fd, &message, 0));
	FAILS(EFAULT, writev(connected_fd, BAD, 1));
	FAILS(EFAULT, writev(connected_fd, &bad, 1));
	message.msg_iov = BAD;
	FAILS(EFAULT, sendmsg(connected_fd, &message, 0));
	message.msg_iov = &good;
	message.msg_control = BAD;
	message.msg_controllen = 40;
	FAILS(EFAULT, sendmsg(connected_fd, &message, 0));
	message.msg_control = NULL;
	message.msg_controllen = 0;
	message.msg_name = BAD;
	message.msg_namelen = 16;
	FAILS(EFAULT, sendmsg(fd, &message, 0));
	/* A kernel looks at the buffer when there is something for it. */
	FAILS(EAGAIN, recv(connected_fd, BAD, 10, MSG_DONTWAIT));
	for (int number = 0; number < 8; number++)
		CHECK(send(other_end, "0123456789", 10, 0) == 10);
	REACHES(connected_fd, POLLIN | POLLOUT);
	FAILS(EFAULT, recv(connected_fd, BAD, 10, 0));
	FAILS(EFAULT, recv(connected_fd, read_only, 10, 0));
	FAILS(EFAULT, recvmsg(connected_fd, BAD, 0));
	FAILS(EFAULT, readv(connected_fd, &bad, 1));
	FAILS(EFAULT, readv(connected_fd, BAD, 1));
	while (recv(connected_fd, data, sizeof(data), MSG_DONTWAIT) > 0)
		;
	FAILS(EFAULT, setsockopt(fd, IPPROTO_SCTP, SCTP_NODELAY, BAD, 4));
	FAILS(EFAULT, setsockopt(fd, SOL_SOCKET, SO_RCVBUF, NULL, 4));
	FAILS(EFAULT, getsockopt(fd, IPPROTO_SCTP, SCTP_NODELAY, data, NULL));
	room = 4;
	FAILS(EFAULT, getsockopt(fd, IPPROTO_SCTP, SCTP_NODELAY, NULL, &room));
	FAILS(EFAULT, getsockopt(fd, SOL_SOCKET, SO_RCVBUF, read_only, &room));
	FAILS(EFAULT, ioctl(fd, FIONREAD, read_only));
	FAILS(EFAULT, ioctl(fd, FIONBIO, BAD));
	FAILS(EFAULT, sctp_bindx(fd, BAD, 1, SCTP_BINDX_ADD_ADDR));
	FAILS(EFAULT, sctp_connectx(fd, BAD, 1, NULL));
}

static void lengths(int fd, int connected_fd)
{
	struct sockaddr_storage to;
	socklen_t len = address(&to, PORT);
	struct iovec pieces[1] = { { "x", 1 } };
	struct msghdr message = { .msg_iov = pieces, .msg_iovlen = 1025 };
	int number = 1;
	socklen_t room;

	FAILS(EINVAL, bind(fd, (void *)&to, 3));
	FAILS(EINVAL, bind(fd, (void *)&to, len - 1));
	FAILS(EINVAL, bind(fd, (void *)&to, 129));
	FAILS(EINVAL, connect(fd, (void *)&to, 1));
	FAILS(EMSGSIZE, sendmsg(connected_fd, &message, 0));
	FAILS(EINVAL, writev(connected_fd, pieces, -1));
	FAILS(EINVAL, writev(connected_fd, pieces, 1025));
	FAILS(EINVAL, readv(connected_fd, pieces, -1));
	FAILS(EINVAL, send(connected_fd, "", 0, 0));
	FAILS(EINVAL, write(connected_fd, "", 0));
	FAILS(EINVAL, setsockopt(fd, IPPROTO_SCTP, SCTP_NODELAY, &number, 3));
	FAILS(EINVAL, setsockopt(fd, IPPROTO_SCTP, SCTP_NODELAY, &number, -1));
	FAILS(EINVAL, setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &number, 3));
	room = 3;
	FAILS(EINVAL, getsockopt(fd, IPPROTO_SCTP, SCTP_NODELAY, &number, &room));
	room = -1;
	FAILS(EINVAL, getsockopt(fd, IPPROTO_SCTP, SCTP_NODELAY, &number, &room));
	room = -1;
	FAILS(EINVAL, getsockname(fd, (void *)&to, &room));
	FAILS(EINVAL, shutdown(connected_fd, 3));
	FAILS(EINVAL, sctp_bindx(fd, (void *)&to, 0, SCTP_BINDX_ADD_ADDR));
	FAILS(EINVAL, sctp_bindx(fd, (void *)&to, 1, 3));
	to.ss_family = AF_UNIX;
	FAILS(EINVAL, sctp_connectx(fd, (void *)&to, 1, NULL));
	FAILS(EINVAL, accept4(connected_fd, NULL, NULL, 1));
	/* Cut to the room, and told how long it is. */
	room = 4;
	OK(getsockname(connected_fd, (void *)&to, &room));
	CHECK(room == len);
}

static void options(int fd)
{
	char data[256] = { 0 };
	socklen_t room = sizeof(data);

	FAILS(ENOPROTOOPT, setsockopt(fd, IPPROTO_SCTP, 99, data, 4));
	FAILS(ENOPROTOOPT, getsockopt(fd, IPPROTO_SCTP, 99, data, &room));
	FAILS(ENOPROTOOPT, setsockopt(fd, IPPROTO_TCP, 1, data, 4));
	/* IPv4 and IPv6 say different things of a level that is not theirs. */
	int domain = 0;
	socklen_t domain_len = sizeof(domain);
	OK(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &domain_len));
	FAILS(domain == AF_INET ? EOPNOTSUPP : ENOPROTOOPT, getsockopt(fd, IPPROTO_TCP, 1, data, &room));
	FAILS(ENOPROTOOPT, setsockopt(fd, SOL_SOCKET, 999, data, 4));
	FAILS(ENOPROTOOPT, setsockopt(fd, IPPROTO_SCTP, SCTP_STATUS, data, 176));
	FAILS(ENOPROTOOPT, setsockopt(fd, SOL_SOCKET, SO_TYPE, data, 4));
	FAILS(EOPNOTSUPP, setsockopt(fd, IPPROTO_SCTP, SCTP_AUTOCLOSE, data, 4));
	FAILS(ENOTTY, ioctl(fd, 0x5401, data));

	/* Without effect here: kept, with the kernel's own rules. */
	int number = 0;
	room = sizeof(number);
	OK(setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &(int){ 1 }, sizeof(int)));
	OK(getsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &number, &room));
	CHECK(number == 1);
	FAILS(EINVAL, setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &number, 2));
	OK(getsockopt(fd, SOL_SOCKET, SO_TYPE, &number, &room));
	CHECK(number == SOCK_STREAM);
	OK(getsockopt(fd, SOL_SOCKET, SO_PROTOCOL, &number, &room));
	CHECK(number == IPPROTO_SCTP);
	OK(getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &number, &room));
	CHECK(number == family());
	OK(getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &number, &room));
	CHECK(number >= 2304);
}

static void descriptors(void)
{
	struct sockaddr_storage to;
	socklen_t len = address(&to, PORT);
	int file = OK(open("/dev/null", O_RDWR));

	FAILS(EBADF, bind(-1, (void *)&to, len));
	FAILS(EBADF, recv(12345, &to, 1, 0));
	FAILS(EBADF, sctp_sendmsg(-1, "x", 1, NULL, 0, 0, 0, 0, 0, 0));
	FAILS(EBADF, dup2(-1, 5));
	FAILS(ENOTSOCK, listen(file, 1));
	FAILS(ENOTSOCK, sctp_recvmsg(file, &to, 1, NULL, NULL, NULL, NULL));
	OK(close(file));
	/* A kernel's socket that is not SCTP's. */
	file = OK(socket(AF_INET, SOCK_STREAM, 0));
	FAILS(EOPNOTSUPP, sctp_peeloff(file, 1));
	OK(close(file));
}

int main(void)
{
	long page = sysconf(_SC_PAGESIZE);
	int fd, ends[2];

	alarm(30);
	read_only = mmap(NULL, 2 * page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	CHECK(read_only != MAP_FAILED);
	hole = read_only + page;
	OK(mprotect(hole, page, PROT_NONE));
	fd = OK(socket(family(), SOCK_STREAM, IPPROTO_SCTP));
	pair(PORT, ends);
	pointers(fd, ends[0], ends[1]);
	lengths(fd, ends[0]);
	options(fd);
	descriptors();
	OK(close(fd));
	OK(close(ends[0]));
	OK(close(ends[1]));
	no_reentries();
	return 0;
}
