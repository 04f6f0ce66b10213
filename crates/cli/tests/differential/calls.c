/* calls.c: makes sequences of socket calls and prints what each one gave, so that two stacks can be compared.
 *
 *   calls [-j N] [-p PATIENCE] [-s NAME] FILE...
 *
 * A file holds sequences. `== NAME` begins one, each further line is a call; what follows ` -> ` is a result from before
 * and is replaced. Lines with `#` and empty ones are copied. Each sequence runs in a process and a network namespace of
 * its own: the loopback with MTU 1500 and, for more than one address, 10.0.0.1, 10.0.0.2, fd00::1 and fd00::2. Names of
 * sockets are words; `a1` is the first association id that was seen, `e1` the first ephemeral port. -j is how many run at
 * a time, -p how many times longer everything waits, -s chooses one sequence. */
#define _GNU_SOURCE
#include <sched.h>

#include "names.h"
#include "layout.h"
#include "perform.h"

#include <linux/ipv6.h>
#include <net/if.h>
#include <sys/wait.h>

#define LIMIT_SECONDS 30

struct sequence {
	char *name, *body;
	pid_t process;
	FILE *output;
};

static volatile sig_atomic_t broken_pipes;

static void die(const char *what)
{
	fprintf(stderr, "calls: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void on_signal(int number)
{
	broken_pipes += number == SIGPIPE;
}

static void add_v4(int fd, const char *device, const char *address)
{
	struct ifreq request = { 0 };
	struct sockaddr_in *in = (void *)&request.ifr_addr;

	snprintf(request.ifr_name, sizeof request.ifr_name, "%s", device);
	in->sin_family = AF_INET;
	inet_pton(AF_INET, address, &in->sin_addr);
	if (ioctl(fd, SIOCSIFADDR, &request))
		die("an address");
	in->sin_addr.s_addr = htonl(INADDR_BROADCAST);
	if (ioctl(fd, SIOCSIFNETMASK, &request))
		die("a netmask");
}

static void make_network(void)
{
	static const char *const v6[] = { "fd00::1", "fd00::2" };
	struct ifreq request = { 0 };
	struct in6_ifreq address = { 0 };
	int fd;

	if (unshare(CLONE_NEWNET))
		die("a network namespace");
	fd = socket(AF_INET, SOCK_DGRAM, 0);
	strcpy(request.ifr_name, "lo");
	request.ifr_mtu = 1500;
	if (ioctl(fd, SIOCSIFMTU, &request))
		die("the MTU");
	request.ifr_flags = IFF_UP | IFF_LOOPBACK | IFF_RUNNING;
	if (ioctl(fd, SIOCSIFFLAGS, &request))
		die("the loopback device");
	add_v4(fd, "lo:1", "10.0.0.1");
	add_v4(fd, "lo:2", "10.0.0.2");
	close(fd);
	fd = socket(AF_INET6, SOCK_DGRAM, 0);
	address.ifr6_ifindex = (int)if_nametoindex("lo");
	address.ifr6_prefixlen = 128;
	for (int i = 0; i < 2; i++) {
		inet_pton(AF_INET6, v6[i], &address.ifr6_addr);
		if (ioctl(fd, SIOCSIFADDR, &address))
			die("an IPv6 address");
	}
	close(fd);
}

static void run(char *body)
{
	struct sigaction action = { 0 };
	char *state = NULL, *text, *arrow;

	make_network();
	action.sa_handler = on_signal;
	sigaction(SIGALRM, &action, NULL);
	sigaction(SIGPIPE, &action, NULL);
	for (text = strtok_r(body, "\n", &state); text; text = strtok_r(NULL, "\n", &state)) {
		char copy[1024], *inner = NULL, *next;

		arrow = strstr(text, " -> ");
		if (arrow)
			*arrow = 0;
		if (*text == '#')
			puts(text);
		/* How it ended when it was recorded is no call. */
		if (*text == '#' || !strncmp(text, "ended by ", 9))
			continue;
		snprintf(copy, sizeof copy, "%s", text);
		word_count = 0;
		for (next = strtok_r(copy, " ", &inner); next && word_count < 32; next = strtok_r(NULL, " ", &inner))
			words[word_count++] = next;
		line_length = 0;
		broken_pipes = 0;
		if (word_count)
			perform();
		if (broken_pipes)
			say(" SIGPIPE");
		printf("%s -> %s\n", text, line);
		fflush(stdout);
	}
	/* The sockets are closed by the end of the process. */
	_exit(0);
}

static void start(struct sequence *sequence)
{
	sequence->output = tmpfile();
	if (!sequence->output)
		die("a file");
	sequence->process = fork();
	if (sequence->process)
		return;
	if (dup2(fileno(sequence->output), 1) < 0)
		die("a file");
	run(sequence->body);
}

/* Waits for the end of a sequence, with a limit, and prints what it wrote. */
static void finish(struct sequence *sequence)
{
	int status = 0, tries = LIMIT_SECONDS * 100 * patience;
	size_t length;

	while (!waitpid(sequence->process, &status, WNOHANG) && tries-- > 0)
		nap(10);
	if (tries <= 0) {
		kill(sequence->process, SIGKILL);
		waitpid(sequence->process, &status, 0);
	}
	printf("== %s\n", sequence->name);
	rewind(sequence->output);
	while ((length = fread(octets, 1, ROOM, sequence->output)) > 0)
		fwrite(octets, 1, length, stdout);
	if (status)
		printf("ended by %#x\n", (unsigned)status);
	printf("\n");
	fflush(stdout);
	fclose(sequence->output);
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "r");
	char *text = calloc(1, 8 << 20);

	if (!file || !text || !fread(text, 1, (8 << 20) - 1, file))
		die(path);
	fclose(file);
	return text;
}

static void run_file(const char *path, int jobs, const char *only)
{
	struct sequence *sequences = calloc(10000, sizeof *sequences);
	char *text = read_file(path), *at;
	int count = 0, started = 0;

	at = strncmp(text, "== ", 3) ? strstr(text, "\n== ") : text - 1;
	if (!at)
		die("no sequence");
	fwrite(text, 1, (size_t)(at + 1 - text), stdout);
	fflush(stdout);
	while (at && count < 10000) {
		char *name = at + 4, *end = name + strcspn(name, "\n");

		at = strstr(end, "\n== ");
		if (at)
			*at = 0;
		if (end != at && *end)
			*end++ = 0;
		if (!only || !strcmp(only, name))
			sequences[count++] = (struct sequence){ name, end, 0, NULL };
	}
	for (int i = 0; i < count; i++) {
		while (started < count && started < i + jobs)
			start(&sequences[started++]);
		finish(&sequences[i]);
	}
	free(text);
	free(sequences);
}

int main(int argc, char **argv)
{
	const char *only = NULL;
	int jobs = 1, option;

	while ((option = getopt(argc, argv, "j:p:s:")) != -1) {
		if (option == 'j')
			jobs = atoi(optarg);
		else if (option == 'p')
			patience = atoi(optarg);
		else if (option == 's')
			only = optarg;
	}
	for (; optind < argc; optind++)
		run_file(argv[optind], jobs, only);
	return 0;
}
