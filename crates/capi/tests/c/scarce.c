/* Few descriptors: a socket can be had or EMFILE says why not, and what there was before still works. */
#include "check.h"
#include <sys/resource.h>

/* 0: a socket could be had; 1: EMFILE. */
static int with_limit(int limit)
{
	int status;
	pid_t child = OK(fork());

	if (child == 0) {
		struct rlimit few = { limit, limit };
		OK(setrlimit(RLIMIT_NOFILE, &few));
		errno = 0;
		int fd = socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);
		if (fd < 0 && errno != EMFILE)
			fail(__FILE__, limit, "socket() with this limit");
		if (fd >= 0)
			OK(close(fd));
		/* The descriptors that are left are the program's. */
		int pipes[2];
		if (fd >= 0)
			OK(pipe(pipes));
		_exit(fd < 0);
	}
	OK(waitpid(child, &status, 0));
	CHECK(WIFEXITED(status) && WEXITSTATUS(status) <= 1);
	return WEXITSTATUS(status);
}

int main(void)
{
	int refused = 0;

	for (int limit = 4; limit <= 96; limit += 3)
		refused += with_limit(limit);
	CHECK(refused > 0);
	CHECK(with_limit(256) == 0);
	puts("ok");
	return 0;
}
