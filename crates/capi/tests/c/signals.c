/* Signals, time limits, and threads that are woken by others. */
#include "check.h"
#include <setjmp.h>

#define PORT 5006

static volatile sig_atomic_t caught;

static void handler(int signal)
{
	(void)signal;
	caught++;
}

static void install(int signal, int flags)
{
	struct sigaction action = { .sa_handler = handler, .sa_flags = flags };

	OK(sigaction(signal, &action, NULL));
}

static void in_a_while(int milliseconds)
{
	struct itimerval timer = { .it_value = { .tv_sec = 0, .tv_usec = milliseconds * 1000 } };

	OK(setitimer(ITIMER_REAL, &timer, NULL));
}

static void interrupted(void)
{
	int ends[2];
	char data[16];
	struct timeval limit = { .tv_sec = 5 };

	pair(PORT, ends);
	install(SIGALRM, 0);
	in_a_while(50);
	FAILS(EINTR, recv(ends[0], data, sizeof(data), 0));
	CHECK(caught == 1);
	int listener = listening(SOCK_STREAM, PORT);
	in_a_while(50);
	FAILS(EINTR, accept(listener, NULL, NULL));
	CHECK(caught == 2);
	/* With a time limit a call is not restarted, whatever the handler says. */
	install(SIGALRM, SA_RESTART);
	OK(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
	in_a_while(50);
	FAILS(EINTR, recv(ends[0], data, sizeof(data), 0));
	CHECK(caught == 3);
	OK(close(listener));
	OK(close(ends[0]));
	OK(close(ends[1]));
}

static void *send_later(void *fd)
{
	usleep(150000);
	CHECK(send(*(int *)fd, "late", 4, 0) == 4);
	return NULL;
}

static void restarted(void)
{
	int ends[2];
	char data[16];
	pthread_t thread;
	sigset_t alarms;

	pair(PORT, ends);
	install(SIGALRM, SA_RESTART);
	caught = 0;
	sigemptyset(&alarms);
	sigaddset(&alarms, SIGALRM);
	/* The signal is for the waiting thread. */
	pthread_sigmask(SIG_BLOCK, &alarms, NULL);
	CHECK(pthread_create(&thread, NULL, send_later, &ends[1]) == 0);
	pthread_sigmask(SIG_UNBLOCK, &alarms, NULL);
	in_a_while(50);
	CHECK(recv(ends[0], data, sizeof(data), 0) == 4);
	CHECK(caught == 1);
	pthread_join(thread, NULL);
	OK(close(ends[0]));
	OK(close(ends[1]));
}

static void limited(void)
{
	int ends[2], listener;
	char data[16];
	struct timeval limit = { .tv_usec = 100000 }, zero = { 0 };
	double begun;

	pair(PORT, ends);
	OK(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
	begun = seconds();
	FAILS(EAGAIN, recv(ends[0], data, sizeof(data), 0));
	CHECK(seconds() - begun >= 0.1 && seconds() - begun < 0.5);
	OK(setsockopt(ends[0], SOL_SOCKET, SO_RCVTIMEO, &zero, sizeof(zero)));
	listener = listening(SOCK_STREAM, PORT);
	OK(setsockopt(listener, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)));
	begun = seconds();
	FAILS(EAGAIN, accept(listener, NULL, NULL));
	CHECK(seconds() - begun >= 0.1 && seconds() - begun < 0.5);
	OK(close(listener));
	OK(close(ends[0]));
	OK(close(ends[1]));
}

static void broken(void)
{
	int ends[2];
	char data[16];

	pair(PORT, ends);
	OK(close(ends[1]));
	CHECK(recv(ends[0], data, sizeof(data), 0) == 0);
	install(SIGPIPE, 0);
	caught = 0;
	/* ESHUTDOWN until the last packet of the shutdown has come. */
	while (send(ends[0], "x", 1, MSG_NOSIGNAL) < 0 && errno == ESHUTDOWN)
		usleep(1000);
	FAILS(EPIPE, send(ends[0], "x", 1, MSG_NOSIGNAL));
	CHECK(caught == 0);
	FAILS(EPIPE, send(ends[0], "x", 1, 0));
	CHECK(caught == 1);
	FAILS(EPIPE, write(ends[0], "x", 1));
	CHECK(caught == 2);
	OK(close(ends[0]));
}

static void *receive(void *fd)
{
	char data[16];
	ssize_t len = recv(*(int *)fd, data, sizeof(data), 0);

	return (void *)(long)(len < 0 ? -errno : len);
}

static void woken(void)
{
	int ends[2];
	pthread_t thread;
	void *result;

	pair(PORT, ends);
	CHECK(pthread_create(&thread, NULL, receive, &ends[0]) == 0);
	usleep(50000);
	OK(shutdown(ends[0], SHUT_RD));
	pthread_join(thread, &result);
	CHECK((long)result == 0);
	OK(close(ends[0]));
	OK(close(ends[1]));
	pair(PORT, ends);
	CHECK(pthread_create(&thread, NULL, receive, &ends[0]) == 0);
	usleep(50000);
	OK(close(ends[0]));
	pthread_join(thread, &result);
	CHECK((long)result <= 0);
	OK(close(ends[1]));
}

static int used_by_handler[2];
static sigjmp_buf back;

static void sending_handler(int signal)
{
	int before = errno;

	(void)signal;
	send(used_by_handler[0], "h", 1, MSG_DONTWAIT);
	caught++;
	errno = before;
}

static void leaving_handler(int signal)
{
	(void)signal;
	siglongjmp(back, 1);
}

/* Handlers that come in the middle of calls and use the same socket, or never come back. */
static void in_the_middle(void)
{
	struct sigaction sending = { .sa_handler = sending_handler, .sa_flags = SA_RESTART }, before;
	struct itimerval often = { .it_interval = { .tv_usec = 300 }, .it_value = { .tv_usec = 300 } }, never = { 0 };
	char data[1000] = { 0 };
	double end = seconds() + 0.5;
	volatile int rounds = 0;

	pair(PORT, used_by_handler);
	OK(sigaction(SIGALRM, &sending, &before));
	CHECK(before.sa_handler == handler);
	caught = 0;
	OK(setitimer(ITIMER_REAL, &often, NULL));
	while (seconds() < end) {
		CHECK(send(used_by_handler[0], data, sizeof(data), MSG_DONTWAIT) > 0 || errno == EAGAIN);
		CHECK(recv(used_by_handler[1], data, sizeof(data), MSG_DONTWAIT) > 0 || errno == EAGAIN);
	}
	CHECK(caught > 50);
	CHECK(signal(SIGALRM, leaving_handler) == sending_handler);
	end = seconds() + 0.5;
	while (seconds() < end) {
		if (sigsetjmp(back, 1) == 0) {
			for (;;) {
				send(used_by_handler[0], data, sizeof(data), MSG_DONTWAIT);
				recv(used_by_handler[1], data, sizeof(data), MSG_DONTWAIT);
			}
		}
		rounds++;
	}
	OK(setitimer(ITIMER_REAL, &never, NULL));
	CHECK(rounds > 50);
	install(SIGALRM, 0);
	while (recv(used_by_handler[1], data, sizeof(data), MSG_DONTWAIT) > 0)
		usleep(100);
	CHECK(send(used_by_handler[0], "after", 5, 0) == 5);
	while (recv(used_by_handler[1], data, sizeof(data), 0) != 5)
		;
	OK(close(used_by_handler[0]));
	OK(close(used_by_handler[1]));
}

/* SA_RESETHAND and SA_SIGINFO, through the wrapping. */
static siginfo_t seen;

static void once(int signal, siginfo_t *info, void *context)
{
	CHECK(signal == SIGUSR1 && context != NULL);
	seen = *info;
}

static void kept_as_asked(void)
{
	struct sigaction action = { .sa_sigaction = once, .sa_flags = SA_SIGINFO | SA_RESETHAND }, now;
	union sigval value = { .sival_int = 42 };

	OK(sigaction(SIGUSR1, &action, NULL));
	OK(sigaction(SIGUSR1, NULL, &now));
	CHECK(now.sa_sigaction == once && (now.sa_flags & (SA_SIGINFO | SA_RESETHAND)) == (int)(SA_SIGINFO | SA_RESETHAND));
	OK(sigqueue(getpid(), SIGUSR1, value));
	CHECK(seen.si_value.sival_int == 42 && seen.si_pid == getpid());
	OK(sigaction(SIGUSR1, NULL, &now));
	CHECK(now.sa_handler == SIG_DFL);
}

int main(void)
{
	interrupted();
	restarted();
	limited();
	broken();
	woken();
	in_the_middle();
	kept_as_asked();
	no_reentries();
	return 0;
}
