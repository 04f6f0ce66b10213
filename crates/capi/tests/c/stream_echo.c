/*
 * One-to-one: messages of many sizes there and back, in one process or two.
 *   stream_echo              both ends in this process
 *   stream_echo server       echoes one association, then ends
 *   stream_echo client       sends to a server
 */
#include "check.h"

#define PORT 5001
#define MESSAGES 2000
#define LARGEST 65536

static void fill(unsigned char *data, size_t len, unsigned number)
{
	for (size_t at = 0; at < len; at++)
		data[at] = (unsigned char)(number * 31 + at * 7 + (at >> 8));
}

static size_t size_of(unsigned number)
{
	static const size_t sizes[] = { 1, 2, 100, 1200, 1452, 1453, 3000, 16384, LARGEST };

	return number % 50 == 0 ? sizes[(number / 50) % 9] : 1 + number * 37 % 3000;
}

static void echo(int fd)
{
	unsigned char *data = malloc(LARGEST);
	ssize_t len;

	while ((len = OK(recv(fd, data, LARGEST, 0))) > 0)
		CHECK(send(fd, data, len, 0) == len);
	free(data);
	OK(close(fd));
}

static void *server(void *listener)
{
	echo(OK(accept(*(int *)listener, NULL, NULL)));
	return NULL;
}

static void *sender(void *arg)
{
	unsigned char *data = malloc(LARGEST);

	for (unsigned number = 0; number < MESSAGES; number++) {
		size_t len = size_of(number);

		fill(data, len, number);
		CHECK(send(*(int *)arg, data, len, 0) == (ssize_t)len);
	}
	free(data);
	return NULL;
}

static void client(void)
{
	unsigned char *data = malloc(LARGEST + 1), *wanted = malloc(LARGEST);
	int fd = connected(PORT);
	pthread_t thread;

	CHECK(pthread_create(&thread, NULL, sender, &fd) == 0);
	for (unsigned number = 0; number < MESSAGES; number++) {
		struct iovec piece = { .iov_base = data, .iov_len = LARGEST + 1 };
		struct msghdr message = { .msg_iov = &piece, .msg_iovlen = 1 };
		size_t len = size_of(number);

		CHECK(OK(recvmsg(fd, &message, 0)) == (long)len);
		CHECK(message.msg_flags == MSG_EOR);
		fill(wanted, len, number);
		CHECK(memcmp(data, wanted, len) == 0);
	}
	pthread_join(thread, NULL);
	OK(close(fd));
	free(data);
	free(wanted);
}

int main(int argc, char **argv)
{
	alarm(60);
	if (argc > 1 && strcmp(argv[1], "client") == 0) {
		client();
	} else {
		int listener = listening(SOCK_STREAM, PORT);
		pthread_t thread;

		if (argc > 1) {
			puts("listening");
			fflush(stdout);
			server(&listener);
		} else {
			CHECK(pthread_create(&thread, NULL, server, &listener) == 0);
			client();
			pthread_join(thread, NULL);
		}
		OK(close(listener));
	}
	no_reentries();
	return 0;
}
