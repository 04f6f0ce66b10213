/* Descriptors as a kernel has them: duplicates, flags, close in all its forms, files and streams on a socket. */
#include "check.h"
#include <dirent.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>

#define PORT 5004

static void says(int fd, const char *wanted)
{
	char data[256];
	ssize_t len = OK(recv(fd, data, sizeof(data), 0));

	CHECK(len == (ssize_t)strlen(wanted) && memcmp(data, wanted, len) == 0);
}

static void say(int fd, const char *text)
{
	CHECK(send(fd, text, strlen(text), 0) == (ssize_t)strlen(text));
}

static void numbers(void)
{
	int first = OK(dup(2));
	int fd;

	/* The lowest free number, as any open gives. */
	OK(close(first));
	fd = OK(socket(family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, IPPROTO_SCTP));
	CHECK(fd == first);
	CHECK(fcntl(fd, F_GETFL) == (O_RDWR | O_NONBLOCK));
	CHECK(fcntl(fd, F_GETFD) == FD_CLOEXEC);
	OK(fcntl(fd, F_SETFD, 0));
	CHECK(fcntl(fd, F_GETFD) == 0);
	OK(fcntl(fd, F_SETFL, 0));
	CHECK(fcntl(fd, F_GETFL) == O_RDWR);
	int on = 1;
	OK(ioctl(fd, FIONBIO, &on));
	CHECK(fcntl(fd, F_GETFL) == (O_RDWR | O_NONBLOCK));
	struct stat is;
	OK(fstat(fd, &is));
	CHECK(S_ISSOCK(is.st_mode));
	CHECK(isatty(fd) == 0);
	FAILS(ESPIPE, lseek(fd, 0, SEEK_SET));
	/* O_NONBLOCK is the socket's, close-on-exec the number's. */
	int second = OK(fcntl(fd, F_DUPFD_CLOEXEC, 100));
	CHECK(second >= 100 && fcntl(second, F_GETFD) == FD_CLOEXEC && fcntl(fd, F_GETFD) == 0);
	OK(fcntl(second, F_SETFL, 0));
	CHECK(fcntl(fd, F_GETFL) == O_RDWR);
	OK(close(second));
	OK(close(fd));
	FAILS(EBADF, close(fd));
	FAILS(EBADF, fcntl(fd, F_GETFL));
	FAILS(ESOCKTNOSUPPORT, socket(family(), SOCK_RDM, IPPROTO_SCTP));
	FAILS(EPROTONOSUPPORT, socket(AF_UNIX, SOCK_STREAM, IPPROTO_SCTP));
}

static void duplicates(void)
{
	int ends[2], copy, other[2];
	char data[8];

	pair(PORT, ends);
	copy = OK(dup(ends[0]));
	say(copy, "by a duplicate");
	says(ends[1], "by a duplicate");
	OK(close(ends[0]));
	say(copy, "by the last number");
	says(ends[1], "by the last number");
	/* Onto an SCTP socket: that one is closed, as Java closes. */
	OK(pipe(other));
	CHECK(dup2(other[0], copy) == copy);
	CHECK(recv(ends[1], data, sizeof(data), 0) == 0);
	CHECK(write(other[1], "pipe", 4) == 4);
	CHECK(read(copy, data, sizeof(data)) == 4);
	/* An SCTP socket onto another number. */
	pair(PORT, ends);
	CHECK(dup3(ends[0], copy, O_CLOEXEC) == copy && fcntl(copy, F_GETFD) == FD_CLOEXEC);
	FAILS(EINVAL, dup3(copy, copy, 0));
	CHECK(dup2(copy, copy) == copy);
	say(copy, "over a pipe's number");
	says(ends[1], "over a pipe's number");
	OK(close(ends[0]));
	OK(close(copy));
	CHECK(recv(ends[1], data, sizeof(data), 0) == 0);
	OK(close(ends[1]));
	OK(close(other[0]));
	OK(close(other[1]));
}

static void many_at_once(void)
{
	int ends[2], fds[2];
	char data[8];

	pair(PORT, ends);
	OK(fcntl(ends[0], F_DUPFD, 200));
	OK(close_range(200, 300, 0));
	FAILS(EBADF, fcntl(200, F_GETFL));
	say(ends[0], "still open");
	says(ends[1], "still open");
	fds[0] = fcntl(ends[0], F_DUPFD, 400);
	fds[1] = fcntl(ends[1], F_DUPFD, 401);
	CHECK(fds[0] == 400 && fds[1] == 401);
	OK(close(ends[0]));
	OK(close(ends[1]));
	/* All but one, as daemons do it; the stack lives on. */
	for (int fd = 3; fd < 70000; fd++)
		if (fd != 401)
			close(fd);
	CHECK(recv(401, data, sizeof(data), 0) == 0);
	closefrom(3);
	FAILS(EBADF, fcntl(401, F_GETFL));
	pair(PORT, ends);
	say(ends[0], "after closefrom");
	says(ends[1], "after closefrom");
	OK(close(ends[0]));
	OK(close(ends[1]));
}

static void files(void)
{
	int ends[2], pipes[2], file;
	char data[70000];
	struct iovec piece = { .iov_base = data, .iov_len = 10 };
	off_t at = 1;

	pair(PORT, ends);
	FAILS(ESPIPE, preadv(ends[0], &piece, 1, 0));
	FAILS(ESPIPE, pwritev(ends[0], &piece, 1, 0));
	FAILS(ESPIPE, pread(ends[0], data, 1, 0));
	memcpy(data, "0123456789", 10);
	CHECK(pwritev2(ends[0], &piece, 1, -1, 0) == 10);
	CHECK(preadv2(ends[1], &piece, 1, -1, 0) == 10);

	/* readv and writev: one message over several pieces. */
	struct iovec pieces[3] = { { "ab", 2 }, { NULL, 0 }, { "cde", 3 } };
	CHECK(writev(ends[0], pieces, 3) == 5);
	int waiting = -1;
	REACHES(ends[1], POLLIN | POLLOUT);
	OK(ioctl(ends[1], FIONREAD, &waiting));
	CHECK(waiting == 5);
	char left[3], right[8];
	struct iovec rooms[2] = { { left, 3 }, { right, 8 } };
	CHECK(readv(ends[1], rooms, 2) == 5 && memcmp(left, "abc", 3) == 0 && memcmp(right, "de", 2) == 0);
	OK(ioctl(ends[1], FIONREAD, &waiting));
	CHECK(waiting == 0);

	file = OK(open("/tmp", O_TMPFILE | O_RDWR, 0600));
	memset(data, 'x', sizeof(data));
	CHECK(write(file, data, sizeof(data)) == sizeof(data));
	CHECK(sendfile(ends[0], file, &at, sizeof(data)) == sizeof(data) - 1);
	CHECK(at == sizeof(data));
	CHECK(recv(ends[1], data, sizeof(data), 0) == 65536);
	CHECK(recv(ends[1], data, sizeof(data), 0) == sizeof(data) - 1 - 65536);
	FAILS(EINVAL, sendfile(file, ends[0], NULL, 10));
	OK(close(file));

	OK(pipe(pipes));
	CHECK(write(pipes[1], "spliced", 7) == 7);
	CHECK(splice(pipes[0], NULL, ends[0], NULL, 100, 0) == 7);
	CHECK(splice(ends[1], NULL, pipes[1], NULL, 100, 0) == 7);
	CHECK(read(pipes[0], data, 100) == 7 && memcmp(data, "spliced", 7) == 0);
	OK(close(pipes[0]));
	OK(close(pipes[1]));

	CHECK(dprintf(ends[0], "%s %d %.1f", "formatted", 7, 2.5) == 15);
	says(ends[1], "formatted 7 2.5");
	FILE *stream = fdopen(ends[0], "r+");
	CHECK(stream != NULL);
	CHECK(fileno(stream) == ends[0]);
	FAILS(ESPIPE, fseek(stream, 0, SEEK_SET));
	CHECK(fprintf(stream, "line %d\n", 1) == 7 && fflush(stream) == 0);
	says(ends[1], "line 1\n");
	say(ends[1], "answer\n");
	CHECK(fgets(data, sizeof(data), stream) != NULL && strcmp(data, "answer\n") == 0);
	CHECK(fclose(stream) == 0);
	CHECK(recv(ends[1], data, sizeof(data), 0) == 0);
	OK(close(ends[1]));
}

static void several(void)
{
	int ends[2];
	char in[3][16] = { { 0 } };
	struct iovec pieces[3] = { { "one", 3 }, { "two", 3 }, { "three", 5 } };
	struct iovec rooms[3] = { { in[0], 16 }, { in[1], 16 }, { in[2], 16 } };
	struct mmsghdr out[3], back[3];

	pair(PORT, ends);
	memset(out, 0, sizeof(out));
	memset(back, 0, sizeof(back));
	for (int number = 0; number < 3; number++) {
		out[number].msg_hdr.msg_iov = &pieces[number];
		back[number].msg_hdr.msg_iov = &rooms[number];
		out[number].msg_hdr.msg_iovlen = back[number].msg_hdr.msg_iovlen = 1;
	}
	CHECK(sendmmsg(ends[0], out, 3, 0) == 3 && out[2].msg_len == 5);
	CHECK(recvmmsg(ends[1], back, 3, 0, NULL) == 3);
	CHECK(back[0].msg_len == 3 && back[2].msg_len == 5 && memcmp(in[2], "three", 5) == 0);
	CHECK(back[1].msg_hdr.msg_flags == MSG_EOR);
	say(ends[0], "alone");
	CHECK(recvmmsg(ends[1], back, 3, MSG_WAITFORONE, NULL) == 1);

	/* Looked at, and still there. */
	say(ends[0], "peeked");
	CHECK(recv(ends[1], in[0], 16, MSG_PEEK) == 6);
	CHECK(recv(ends[1], in[0], 16, MSG_PEEK | MSG_DONTWAIT) == 6);
	says(ends[1], "peeked");
	FAILS(EAGAIN, recv(ends[1], in[0], 16, MSG_DONTWAIT));
	CHECK(read(ends[1], in[0], 0) == 0);
	OK(close(ends[0]));
	OK(close(ends[1]));
}

/* Nothing of the stack's own is among the low numbers, and all of it is close-on-exec. */
static void out_of_the_way(void)
{
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;
	int fd = OK(socket(family(), SOCK_STREAM, IPPROTO_SCTP));

	while ((entry = readdir(directory)) != NULL) {
		int number = atoi(entry->d_name);

		if (number < 3 || number == fd || number == dirfd(directory))
			continue;
		CHECK(number >= 256);
		/* By the kernel: our own answer would be EBADF. */
		CHECK(syscall(SYS_fcntl, number, F_GETFD) == FD_CLOEXEC);
		FAILS(EBADF, close(number));
	}
	closedir(directory);
	OK(close(fd));
}

int main(void)
{
	alarm(30);
	numbers();
	duplicates();
	many_at_once();
	files();
	several();
	out_of_the_way();
	no_reentries();
	return 0;
}
