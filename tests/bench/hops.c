// SPDX-License-Identifier: MIT

/*
 * What the chain of one member that several workers decode costs, without the decoding: three
 * processes do what the parent, the owner and a helper do from one stretch to the next.
 *
 * usage: hops ROUNDS DIRECTORY COMPRESSED SIZE
 *
 * The file is made in DIRECTORY, and is gone at the end. COMPRESSED and SIZE are the bytes of the
 * member. Prints, each in a line with its name: the seconds of a hop, from the turn of one stretch
 * to that of the next; the parent's processor time for a message that it takes and hands on; the
 * bytes of a stretch as it is decoded; and how many workers may decode one member.
 */

#include "protocol/channel.h"
#include "util/io.h"
#include "worker/decode/checksum.h"
#include "worker/parts/join.h"
#include "worker/parts/stretch.h"
#include "worker/twin/markers.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

/* A message of a part takes about as much. */
#define MESSAGE_SIZE 32

/* How many messages the parent hands on in a hop: a turn, that the end of the stretch is written,
 * and that to the owner and back. */
#define MESSAGES_PER_HOP 2

#ifdef HAVE_TWIN

static _Noreturn void die(const char *what)
{
	fprintf(stderr, "hops: %s: %s\n", what, strerror(errno));
	exit(1);
}

static double seconds(clockid_t clock)
{
	struct timespec now;

	if (clock_gettime(clock, &now) < 0)
		die("clock");
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void send_message(int channel, int fd)
{
	uint8_t message[MESSAGE_SIZE] = {0};

	if (channel_send(channel, message, sizeof(message), fd, true) < 0)
		die("send");
}

/* False: the channel has ended. */
static bool receive_message(int channel, int *fd)
{
	uint8_t message[MESSAGE_SIZE];
	ssize_t got = channel_receive(channel, message, sizeof(message), fd, true);

	if (got < 0)
		die("receive");
	return got > 0;
}

/* The parent waits for all workers, and takes what is there. */
static void take_message(int channel)
{
	struct pollfd poll_fd = {.fd = channel, .events = POLLIN};
	int fd;

	if (poll(&poll_fd, 1, -1) < 0 || !receive_message(channel, &fd))
		die("worker");
}

/* What helper.c does when its turn has come, up to the message that its end is written. */
static void write_tail(int fd, uint64_t place, const uint16_t *values, uint8_t *table)
{
	static uint8_t window[STRETCH_WINDOW];
	static uint8_t tail[STRETCH_WINDOW];
	static volatile uint32_t crc32;

	if (io_pread_full(fd, window, sizeof(window), place) < (ssize_t)sizeof(window))
		die("window");
	twin_make_marker_table(table, window);
	twin_resolve_markers(tail, values, sizeof(tail), table);
	crc32 = checksum_crc32(0, tail, sizeof(tail));
	(void)crc32;
	if (io_pwrite_full(fd, tail, sizeof(tail), place + sizeof(tail), NULL) < 0)
		die("tail");
}

static void help(int channel)
{
	static uint16_t values[STRETCH_WINDOW];
	static uint8_t table[TWIN_MARKER_TABLE];
	uint64_t place = 0;
	int fd;

	for (size_t i = 0; i < STRETCH_WINDOW; i++)
		values[i] = (uint16_t)((i * 40503) % TWIN_MARKER_TABLE);
	while (receive_message(channel, &fd)) {
		write_tail(fd, place, values, table);
		place += STRETCH_WINDOW;
		send_message(channel, -1);
		close(fd);
	}
}

static void own(int channel)
{
	int fd;

	while (receive_message(channel, &fd))
		send_message(channel, -1);
}

/* Start a process that does @work with its end of a channel. The other end. */
static int start(void (*work)(int channel))
{
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		die("socketpair");
	pid_t child = fork();
	if (child < 0)
		die("fork");
	if (child == 0) {
		close(ends[0]);
		work(ends[1]);
		_exit(0);
	}
	close(ends[1]);
	return ends[0];
}

/* The file with its first window. */
static int make_file(const char *directory)
{
	static const uint8_t window[STRETCH_WINDOW];
	int fd = open(directory, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	if (fd < 0 || io_pwrite_full(fd, window, sizeof(window), 0, NULL) < 0)
		die(directory);
	return fd;
}

int main(int argc, char *argv[])
{
	unsigned long rounds = argc == 5 ? strtoul(argv[1], NULL, 10) : 0;
	uint64_t compressed = argc == 5 ? strtoull(argv[3], NULL, 10) : 0;
	uint64_t size = argc == 5 ? strtoull(argv[4], NULL, 10) : 0;
	static struct join join;

	if (rounds < 1 || compressed < 1 || size < 1) {
		fputs("usage: hops ROUNDS DIRECTORY COMPRESSED SIZE\n", stderr);
		return 2;
	}
	int file = make_file(argv[2]);
	int owner = start(own); /* the helper has its channel too, which does no harm */
	int helper = start(help);

	double begin = seconds(CLOCK_MONOTONIC);
	double cpu_begin = seconds(CLOCK_PROCESS_CPUTIME_ID);
	for (unsigned long i = 0; i < rounds; i++) {
		send_message(helper, file);
		take_message(helper);
		send_message(owner, -1);
		take_message(owner);
	}
	double cpu_end = seconds(CLOCK_PROCESS_CPUTIME_ID);
	double end = seconds(CLOCK_MONOTONIC);
	close(helper);
	close(owner);
	while (wait(NULL) > 0)
		continue;

	join_init(&join, compressed, size);
	double hops = (double)rounds;
	printf("hop %.9f\nmessage %.9f\nstretch %.0f\nworkers %d\n", (end - begin) / hops,
		(cpu_end - cpu_begin) / hops / MESSAGES_PER_HOP,
		(double)join.stretch_bits / 8 * (double)size / (double)compressed,
		JOIN_HELPERS_MAX + 1);
	return 0;
}

#else

int main(void)
{
	fputs("hops: this build has no decoder for members by several workers\n", stderr);
	return 1;
}

#endif
