/*
 * Processes: what children may do, and what the end of a process still delivers.
 *   children              fork, vfork, posix_spawn, system, exec in a child
 *   children exit CODE    sends 1000 messages and exits with CODE while they are queued
 *   children _exit CODE   the same with _exit
 *   children exec         the same, then becomes /bin/sh -c 'exit 7'
 *   children abandon      opens a socket and is killed: the port must be free at once
 */
#include "check.h"
#include <spawn.h>
#include <sys/un.h>
#include <sys/uio.h>

#define PORT 5005
#define MESSAGES 1000

extern char **environ;

static int status_of(pid_t child)
{
	int status;

	CHECK(waitpid(child, &status, 0) == child);
	return status;
}

/* Prints to one pipe what the children of a test say on their standard error. */
static int forked(int ends[2])
{
	pid_t child = OK(fork());
	char data[16];

	if (child == 0) {
		FAILS(EOPNOTSUPP, send(ends[0], "x", 1, 0));
		FAILS(EOPNOTSUPP, recv(ends[1], data, sizeof(data), 0));
		FAILS(EOPNOTSUPP, shutdown(ends[0], SHUT_RDWR));
		int copy = OK(dup(ends[0]));
		FAILS(EOPNOTSUPP, send(copy, "x", 1, 0));
		CHECK(fcntl(copy, F_GETFD) == 0);
		OK(close(copy));
		OK(close(ends[0]));
		OK(close(ends[1]));
		FAILS(EBADF, send(ends[0], "x", 1, 0));
		/* A stack of the child's own, beside the parent's. */
		int own[2];
		setenv("USCTP_UDP_PORT", "9900", 1);
		setenv("USCTP_UDP_PEER_PORT", "9900", 1);
		pair(PORT + 100, own);
		CHECK(send(own[0], "child", 5, 0) == 5);
		CHECK(recv(own[1], data, sizeof(data), 0) == 5);
		OK(close(own[0]));
		OK(close(own[1]));
		exit(3);
	}
	return status_of(child);
}

static void *busy(void *arg)
{
	int *ends = arg;
	char data[100];

	memset(data, 1, sizeof(data));
	for (;;) {
		if (send(ends[0], data, sizeof(data), 0) < 0 || recv(ends[1], data, sizeof(data), 0) < 0)
			return NULL;
		if (data[1] == 9)
			return NULL;
		data[0] = 1;
	}
}

static void alive(int ends[2])
{
	char data[16];

	CHECK(send(ends[0], "parent", 6, 0) == 6);
	CHECK(recv(ends[1], data, sizeof(data), 0) == 6);
	CHECK(memcmp(data, "parent", 6) == 0);
}

static void all_children(void)
{
	int ends[2], other[2];
	posix_spawn_file_actions_t actions;
	char *arguments[] = { "sh", "-c", "exit 5", NULL };
	pid_t child;
	pthread_t thread;

	pair(PORT, ends);
	CHECK(WEXITSTATUS(forked(ends)) == 3);
	alive(ends);

	child = vfork();
	if (child == 0) {
		close(ends[0]);
		dup2(2, ends[1]);
		fcntl(ends[1], F_SETFD, FD_CLOEXEC);
		close_range(3, 1000, 0);
		_exit(4);
	}
	CHECK(WEXITSTATUS(status_of(child)) == 4);
	alive(ends);

	OK(posix_spawn_file_actions_init(&actions));
	OK(posix_spawn_file_actions_adddup2(&actions, 2, ends[0]));
	OK(posix_spawn_file_actions_addclose(&actions, ends[1]));
	CHECK(posix_spawn(&child, "/bin/sh", &actions, NULL, arguments, environ) == 0);
	CHECK(WEXITSTATUS(status_of(child)) == 5);
	alive(ends);
	CHECK(WEXITSTATUS(system("exit 6")) == 6);
	alive(ends);

	/* Children that become other programs and read what they inherited, while something waits to be read here. */
	char number[16];
	char *reader[] = { "sh", "-c", "cat <&$0 >/dev/null 2>&1 & sleep 0.2; kill $!; exit 7", number, NULL };

	snprintf(number, sizeof(number), "%d", ends[1]);
	CHECK(send(ends[0], "parent", 6, 0) == 6);
	REACHES(ends[1], POLLIN | POLLOUT);
	CHECK(fcntl(ends[1], F_GETFD) == 0);
	CHECK(posix_spawn(&child, "/bin/sh", NULL, NULL, reader, environ) == 0);
	status_of(child);
	CHECK(states(ends[1]) == (POLLIN | POLLOUT));
	child = OK(fork());
	if (child == 0) {
		CHECK(states(ends[1]) & POLLHUP);
		CHECK(read(ends[1], number, 1) == -1 && errno == EOPNOTSUPP);
		execv("/bin/sh", reader);
		_exit(99);
	}
	status_of(child);
	CHECK(states(ends[1]) == (POLLIN | POLLOUT));
	CHECK(recv(ends[1], number, sizeof(number), 0) == 6);
	REACHES(ends[1], POLLOUT);
	child = OK(fork());
	if (child == 0) {
		snprintf(number, sizeof(number), "%d", ends[1]);
		execl("/bin/sh", "sh", "-c", "cat <&$0 >/dev/null 2>&1 & sleep 0.2; kill $!; exit 7", number, (char *)NULL);
		_exit(99);
	}
	usleep(50000);
	alive(ends);
	CHECK(WEXITSTATUS(status_of(child)) == 7);
	alive(ends);

	/* Handed over a UNIX socket: what arrives is of no use, and does no harm. */
	int unix_pair[2], handed = -1;
	union {
		char space[CMSG_SPACE(2 * sizeof(int))];
		struct cmsghdr aligned;
	} control = { { 0 } };
	struct iovec octet = { number, 1 };
	struct msghdr message = {
		.msg_iov = &octet, .msg_iovlen = 1, .msg_control = control.space, .msg_controllen = sizeof(control.space),
	};
	int numbers[2] = { 2, ends[1] };

	OK(socketpair(AF_UNIX, SOCK_STREAM, 0, unix_pair));
	CMSG_FIRSTHDR(&message)->cmsg_level = SOL_SOCKET;
	CMSG_FIRSTHDR(&message)->cmsg_type = SCM_RIGHTS;
	CMSG_FIRSTHDR(&message)->cmsg_len = CMSG_LEN(sizeof(numbers));
	memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), numbers, sizeof(numbers));
	CHECK(send(ends[0], "parent", 6, 0) == 6);
	REACHES(ends[1], POLLIN | POLLOUT);
	CHECK(sendmsg(unix_pair[0], &message, 0) == 1);
	CHECK(recvmsg(unix_pair[1], &message, 0) == 1 && message.msg_controllen >= CMSG_LEN(sizeof(numbers)));
	memcpy(numbers, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof(numbers));
	CHECK(write(numbers[0], "", 0) == 0);
	handed = numbers[1];
	CHECK(states(handed) & POLLHUP);
	CHECK(recv(handed, number, sizeof(number), MSG_DONTWAIT) <= 0);
	CHECK(states(ends[1]) == (POLLIN | POLLOUT));
	CHECK(recv(ends[1], number, sizeof(number), 0) == 6);
	OK(close(handed));
	OK(close(numbers[0]));
	OK(close(unix_pair[0]));
	OK(close(unix_pair[1]));

	/* exec of what is not there changes nothing. */
	FAILS(ENOENT, execl("/no/such/program", "none", (char *)NULL));
	alive(ends);
	FAILS(ENOENT, execlp("no-such-program-here", "none", (char *)NULL));
	alive(ends);

	/* Forks while another thread is in the middle of calls. */
	pair(PORT + 1, other);
	CHECK(pthread_create(&thread, NULL, busy, other) == 0);
	for (int round = 0; round < 50; round++) {
		child = OK(fork());
		if (child == 0) {
			if (send(ends[0], "x", 1, 0) != -1 || errno != EOPNOTSUPP)
				_exit(1);
			close(ends[0]);
			close(ends[1]);
			if (round % 10 == 0)
				close(OK(socket(family(), SOCK_STREAM, IPPROTO_SCTP)));
			_exit(0);
		}
		CHECK(status_of(child) == 0);
	}
	char last[2] = { 1, 9 };
	CHECK(send(other[0], last, 2, 0) == 2);
	pthread_join(thread, NULL);
	alive(ends);
	OK(close(ends[0]));
	OK(close(ends[1]));
	no_reentries();
}

/* Sends more than any window holds, and ends: the other process must get all of it. */
static void leave(const char *how, int code)
{
	char data[1000];
	int fd = connected(PORT);

	for (int number = 0; number < MESSAGES; number++) {
		memset(data, number, sizeof(data));
		CHECK(send(fd, data, sizeof(data), 0) == sizeof(data));
	}
	if (strcmp(how, "exit") == 0)
		exit(code);
	if (strcmp(how, "_exit") == 0)
		_exit(code);
	execl("/bin/sh", "sh", "-c", "exit 7", (char *)NULL);
	fail(__FILE__, __LINE__, "exec");
}

static void take_all(void)
{
	int listener = listening(SOCK_STREAM, PORT), fd;
	char data[2000];

	puts("listening");
	fflush(stdout);
	fd = OK(accept(listener, NULL, NULL));
	for (int number = 0; number < MESSAGES; number++) {
		CHECK(OK(recv(fd, data, sizeof(data), 0)) == 1000);
		CHECK(data[0] == (char)number && data[999] == (char)number);
		if (number % 100 == 0)
			usleep(20000);
	}
	CHECK(recv(fd, data, sizeof(data), 0) == 0);
	OK(close(fd));
	OK(close(listener));
}

int main(int argc, char **argv)
{
	alarm(60);
	if (argc == 1) {
		all_children();
	} else if (strcmp(argv[1], "take") == 0) {
		take_all();
	} else if (strcmp(argv[1], "abandon") == 0) {
		listening(SOCK_STREAM, PORT);
		kill(getpid(), SIGKILL);
	} else if (strcmp(argv[1], "bind") == 0) {
		OK(close(listening(SOCK_STREAM, PORT)));
	} else {
		leave(argv[1], argc > 2 ? atoi(argv[2]) : 0);
	}
	return 0;
}
