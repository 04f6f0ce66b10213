/* A program that defines names which we take over, and calls the next of each, as Erlang's runtime does: its definitions
 * come before ours, for every library of the process. */
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <dlfcn.h>
#include <signal.h>

#include "check.h"

#define PORT 5019

static int calls;

#define TAKE_OVER(result, name, parameters, arguments)                                                                      \
	result name parameters                                                                                                \
	{                                                                                                                     \
		result(*next) parameters = dlsym(RTLD_NEXT, #name);                                                               \
		calls++;                                                                                                          \
		CHECK(calls < 1000);                                                                                              \
		return next arguments;                                                                                            \
	}

#define ACTION (int signal, const struct sigaction *new, struct sigaction *old)
TAKE_OVER(int, sigaction, ACTION, (signal, new, old))
TAKE_OVER(int, __sigaction, ACTION, (signal, new, old))
TAKE_OVER(int, close, (int fd), (fd))
TAKE_OVER(int, __close, (int fd), (fd))
TAKE_OVER(ssize_t, read, (int fd, void *to, size_t len), (fd, to, len))
TAKE_OVER(ssize_t, __read, (int fd, void *to, size_t len), (fd, to, len))

static volatile sig_atomic_t seen;

static void note(int signal)
{
	(void)signal;
	seen++;
}

int main(void)
{
	struct sockaddr_storage to;
	socklen_t len = address(&to, PORT);
	struct sigaction action = { .sa_handler = note };
	char data[16];

	alarm(30);
	OK(__sigaction(SIGUSR1, &action, NULL));
	raise(SIGUSR1);
	int server = listening(SOCK_STREAM, PORT), client = OK(socket(to.ss_family, SOCK_STREAM, IPPROTO_SCTP));
	OK(connect(client, (struct sockaddr *)&to, len));
	int served = OK(accept(server, NULL, NULL));
	OK(sigaction(SIGUSR1, &action, NULL));
	raise(SIGUSR1);
	CHECK(seen == 2);
	CHECK(send(client, "hello", 5, 0) == 5);
	CHECK(__read(served, data, sizeof(data)) == 5);
	OK(__close(client));
	CHECK(read(served, data, sizeof(data)) == 0);
	OK(close(served));
	OK(close(server));
	CHECK(calls > 0);
	return 0;
}
