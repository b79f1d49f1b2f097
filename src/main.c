// SPDX-License-Identifier: MIT

/*
 * zipmap unzips many archives at once into files that are ready to be memory-mapped, and prints
 * their paths. This file parses, runs and returns. It alone knows both sides of the trust boundary:
 *
 * - cli/: what the user meets
 *     - commandline      the command line and --help, from the table of options (optiontable) and
 *                        its setters (optionvalue); options says which options go together
 *     - optionsettings   what the options mean for each part
 *     - inputs           operands, directories, lists (pathlist), standard input (spool)
 *     - output           paths, or what --printf (format), --json and --list (listing) print
 *     - report, progressline   --stats, --progress
 *     - garbage          --gc
 *     - cpus, password, safename, shard, size, complaint
 * - parent/: the trusted process, which never looks inside an archive
 *     - run              the loop; runparts: what it owns, which is everything below
 *     - input            archives of the source, opened, for the schedule
 *     - schedule         jobs, units and the order of results (requeue, recordqueue, lookup)
 *     - dispatch         units to workers
 *     - gate             which unit waits for room, by the files that live (scratch)
 *     - memoryfiles      --memfd: files in memory, once they are seen to be sealed
 *     - pool             the workers: starting them (start), their crash notes (note)
 *     - parts            members that several workers decode: who owns one and who helps
 *     - hear, protocol   what workers say, checked, to the part that it is for
 *     - backpressure, handout   who is listened to; files for workers that may name no path
 *     - verify           the file that a worker says it made, and the budget
 *     - naming           --directory: members' own names (ownname, descend, place)
 *     - deliver          results to emit, or to commands (exec, execbatch)
 *     - emit             results to the sink (json)
 *     - keeper           --cache: archives whose files are there (cache, manifest, keptrecord)
 *     - keepentry        files of results to new entries of it (kept, prune)
 *     - workerexits      what is done when a worker ends
 *     - runfiles         the run directory (rundir, made in tmpdir) from its making to its end
 *     - gc, dirents, lease   what runs left behind; --hold
 *     - progress, signals   where the run is; INT, TERM, HUP and USR1 as events
 * - worker/: the only code that reads the bytes of archives
 *     - worker, anew     a worker process, and how it begins
 *     - lane, outbox     one unit of the two that it may have, and what it says
 *     - inbox, asking    what it is told, and files that it asks for
 *     - plan, held       which members a unit has, and records that wait for their pack
 *     - sandbox          what it may do
 *     - container/       the archive: end record, central directory, names, decryption
 *     - extract/         members to files or packs, checked only, or in place
 *     - decode/          one interface for all decoders
 *     - twin/            our own decoder of two streams
 *     - parts/           one member by several workers: the owner, who has it, by join; helpers,
 *                        who do stretches of it; finder, which finds where blocks begin
 * - protocol/: messages, records and failures, for both sides
 * - numpy/: types, shapes and .npy headers
 * - util/: input and output, clean-up, messages to the user, text, memory
 */

#include "cli/commandline.h"
#include "cli/completion.h"
#include "cli/garbage.h"
#include "cli/inputs.h"
#include "cli/options.h"
#include "cli/optionsettings.h"
#include "cli/output.h"
#include "cli/password.h"
#include "cli/progressline.h"
#include "cli/report.h"
#include "parent/lease.h"
#include "parent/pool.h"
#include "parent/run.h"
#include "parent/signals.h"
#include "parent/start.h"
#include "protocol/method.h"
#include "util/diag.h"
#include "util/printable.h"
#include "worker/anew.h"
#include "worker/decode/checksum.h"
#include "worker/decode/decoders.h"
#include "worker/sandbox.h"
#include "worker/worker.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <locale.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	STATUS_OK = 0,
	STATUS_FAILURES = 1,
	STATUS_USAGE = 2,
	STATUS_NOT_STARTED = 126, /* a command of the user's, as env(1) and xargs(1) say it */
	STATUS_NOT_FOUND = 127,
};

/*
 * Make sure that descriptors 0, 1 and 2 are open, so that no file that is opened later gets one of
 * their numbers, and with it the output for the user. Writing to a stdout that was closed stays an
 * error.
 */
static int open_standard_streams(void)
{
	const int flags[] = {O_WRONLY, O_RDONLY, O_WRONLY};

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0 || errno != EBADF || open("/dev/null", flags[fd]) == fd)
			continue;
		diag(DIAG_ERROR, "cannot open /dev/null: %s", strerror(errno));
		return -1;
	}
	return 0;
}

/* Die by the signal @number as if it had not been caught, so that the shell sees it. */
static _Noreturn void die_by_signal(int number)
{
	sigset_t mask;

	signal(number, SIG_DFL);
	sigemptyset(&mask);
	sigaddset(&mask, number);
	sigprocmask(SIG_UNBLOCK, &mask, NULL);
	raise(number);
	_exit(128 + number);
}

/* Write out what was printed to stdout. Returns the exit status. */
static int flush_and_exit(void)
{
	if (fflush(stdout) == 0 && !ferror(stdout))
		return STATUS_OK;
	diag(DIAG_ERROR, "cannot write to standard output: %s", strerror(errno));
	return STATUS_FAILURES;
}

/* Print the version, the decoders for DEFLATE by size, and those of other methods. */
static void print_version(FILE *stream)
{
	const struct decoder_type *large = decoder_choose(DECODE_DEFLATE, DECODER_AUTO, UINT64_MAX);
	const struct decoder_type *small = decoder_choose(DECODE_DEFLATE, DECODER_AUTO, 0);
	const char *separator = "";

	commandline_print_version(stream);
	fprintf(stream, "DEFLATE by %s", large->library);
	if (small->whole)
		fprintf(stream, ", up to %u KiB by %s", (unsigned)(small->most_bytes / 1024),
			small->library);
	else if (small != large)
		fprintf(stream, ", below %u KiB by %s", (unsigned)(large->least_bytes / 1024),
			small->library);
	fprintf(stream, "; CRC-32 by %s\n", checksum_library());
	for (unsigned i = 0; decoder_listed(i); i++) {
		const struct decoder_type *type = decoder_listed(i);
		if (type->methods[0] == DECODE_STORED || type->methods[0] == DECODE_DEFLATE)
			continue;
		fprintf(stream, "%s%s by %s", separator, method_name(type->methods[0]),
			type->library);
		separator = ", ";
	}
	fputc('\n', stream);
}

/* How a run has ended. */
struct outcome {
	enum run_end end;
	int number; /* the signal or the errno that ended it, as run() says */
	struct run_stats stats;
};

/* Say why a run has ended, unless that was said or shows. */
static void say_end(const struct outcome *outcome)
{
	if (outcome->end == RUN_OUTPUT_LOST && outcome->number != EPIPE)
		diag(DIAG_ERROR, "cannot write to standard output: %s", strerror(outcome->number));
	if (outcome->end == RUN_LEASE_ENDED)
		diag(DIAG_ERROR, "the descriptor of --hold ended before all was printed");
}

/* Return the exit status. If a signal ended the run, it ends this process too. */
static int exit_status(const struct outcome *outcome)
{
	int number = outcome->number;

	switch (outcome->end) {
	case RUN_COMPLETE:
	case RUN_STOPPED:
		return outcome->stats.failures == 0 ? STATUS_OK : STATUS_FAILURES;
	case RUN_SIGNALED:
		die_by_signal(number);
	case RUN_OUTPUT_LOST:
		if (number == EPIPE)
			die_by_signal(SIGPIPE);
		return STATUS_FAILURES;
	case RUN_LEASE_ENDED:
		return STATUS_FAILURES;
	case RUN_NO_COMMAND:
		return number == ENOENT ? STATUS_NOT_FOUND : STATUS_NOT_STARTED;
	case RUN_NOT_STARTED:
		break;
	}
	return STATUS_USAGE;
}

/*
 * Choose the parts of the sandbox that workers enter. If the kernel lacks one, say so, and return
 * -1 if all are required.
 */
static int choose_sandbox(const struct options *options, unsigned *parts)
{
	char names[64];

	*parts = sandbox_parts() & sandbox_available();
	unsigned missing = sandbox_parts() & ~*parts;
	sandbox_describe(missing, names, sizeof(names));
	if (missing)
		diag(options->require_sandbox ? DIAG_ERROR : DIAG_WARNING,
			"the sandbox of the workers lacks what this kernel does not have: %s",
			names);
	if (missing && options->require_sandbox)
		return -1;
	sandbox_describe(*parts, names, sizeof(names));
	diag(DIAG_DETAIL, "sandbox of the workers: %s", names);
	return 0;
}

/* Check that the decoder can be used. 0, or -1 after saying that it cannot. */
static int check_decoder(enum decoder_choice decoder, enum parts_choice parts)
{
	bool twin =
		decoder_has(DECODER_TWIN) && (decoder == DECODER_AUTO || decoder == DECODER_TWIN);

	if (!decoder_has(decoder)) {
		diag(DIAG_ERROR,
			"option '--decoder': '%s' is not in this build, or not for this CPU",
			decoder_name(decoder));
		return -1;
	}
	if (parts == PARTS_ALWAYS && !twin) {
		diag(DIAG_ERROR, "option '--parts': 'always' needs the twin decoder%s",
			decoder_has(DECODER_TWIN)
				? ""
				: ", which is not in this build, or not for this CPU");
		return -1;
	}
	diag(DIAG_DETAIL, "decoder of large members: %s",
		decoder_choose(DECODE_DEFLATE, decoder, UINT64_MAX)->library);
	return 0;
}

/* Print what there is to say at the end of a run. */
static void conclude(const struct options *options, const struct outcome *outcome)
{
	const struct run_stats *stats = &outcome->stats;
	bool complete = outcome->end == RUN_COMPLETE;
	char list[PRINTABLE_MAX];
	/* A share of the input may be empty. */
	bool whole = complete && (options->shard.count <= 1 || stats->archives > 0);

	if (options->filter_count > 0 && whole && stats->members + stats->failures == 0)
		diag(DIAG_WARNING, "no member matches what is included and excluded");
	else if (options->files_from && whole && stats->archives + stats->failures == 0)
		diag(DIAG_WARNING, "%s names no archive",
			strcmp(options->files_from, "-") == 0
				? "standard input"
				: printable(options->files_from, strlen(options->files_from), list,
					  sizeof(list)));
	if (options->action == ACTION_TEST && complete)
		diag(DIAG_DETAIL, "%" PRIu64 " %s good, %" PRIu64 " %s", stats->members,
			stats->members == 1 ? "member is" : "members are", stats->failures,
			stats->failures == 1 ? "failure" : "failures");
	else if (outcome->end != RUN_NOT_STARTED)
		report_sum_up(stats, options->action);
	say_end(outcome);
	if (outcome->end == RUN_NOT_STARTED)
		return;
	if (options->stats == STATS_TEXT)
		report_print(stderr, stats, options->action);
	else if (options->stats == STATS_JSON)
		report_print_json(stderr, stats, options->action, complete);
}

/* Unzip @inputs and print what was asked for. */
static void unzip_inputs(const struct options *options, const struct run_commands *started,
	const struct run_cache *cache, struct inputs *inputs, const struct worker_entry *worker,
	struct outcome *outcome)
{
	struct output_style style = options_output_style(options);
	struct output output;

	if (output_init(&output, STDOUT_FILENO, &style) < 0) {
		diag(DIAG_ERROR, "out of memory");
		return;
	}
	if (options->action == ACTION_LIST && !options->printf_format && !options->json)
		output_list(&output);
	struct archive_source source = inputs_source(inputs);
	struct record_sink sink = output_sink(&output);
	struct run_commands commands = options_run_commands(options, started);
	struct run_naming naming = options_run_naming(options, started);
	struct run_settings settings = options_run_settings(options, &commands, &naming, cache);
	struct progressline line;
	progressline_init(&line, options);
	struct run_display display = progressline_display(&line);
	settings.display = &display;

	outcome->end = run(&settings, &source, &sink, worker, &outcome->stats, &outcome->number);
	output_release(&output);
}

/* Do the work of unzip_inputs() with these settings for workers. */
static void unzip_by_workers(const struct options *options, const struct run_commands *started,
	struct inputs *inputs, struct worker_settings *settings, struct outcome *outcome)
{
	struct run_cache cache = {0};
	const struct run_cache *wanted = options_keep_files(options) ? &cache : NULL;
	uint8_t *encoded = NULL;
	size_t size;

	if (!wanted || options_cache(options, started, settings, &cache) == 0)
		encoded = settings_encode(settings, &size);
	if (!encoded) {
		diag(DIAG_ERROR, "cannot start: %s", strerror(errno));
		return;
	}
	struct worker_entry worker = {
		.main = worker_main,
		.context = settings,
		.argument = WORKER_ARGUMENT,
		.settings = encoded,
		.settings_bytes = size,
		.fork = options_worker_fork(options),
	};
	unzip_inputs(options, started, wanted, inputs, &worker, outcome);
	explicit_bzero(encoded, size); /* it may contain the password */
	free(encoded);
}

/* Whether the descriptor of --hold can end. */
static bool check_lease(int fd)
{
	const char *refusal = lease_refusal(fd);

	if (refusal)
		diag(DIAG_ERROR,
			"option '--hold': descriptor %d is %s; it must be one end of a pipe or a "
			"socket",
			fd, refusal);
	return !refusal;
}

/* Unzip, test or list. They differ in what workers do and what is printed. */
static int unzip(const struct options *options, const struct run_commands *started)
{
	struct password password = {NULL};
	struct inputs inputs;
	unsigned sandbox = 0;
	struct outcome outcome = {.end = RUN_NOT_STARTED};

	if (check_decoder(options->decoder, options->parts) < 0)
		return STATUS_USAGE;
	if (options->hold && !check_lease((int)options->hold_fd))
		return STATUS_USAGE;
	if (options->no_sandbox)
		diag(DIAG_DETAIL, "sandbox of the workers: off");
	else if (choose_sandbox(options, &sandbox) < 0)
		return STATUS_USAGE;
	if (options->password_file && password_read(&password, options->password_file) < 0)
		return STATUS_USAGE;
	if (options->in_place.unchecked)
		diag(DIAG_DETAIL, "members that stay in their archives are not checked");
	if (inputs_open(&inputs, options) == 0) {
		struct worker_settings settings =
			options_worker_settings(options, sandbox, password.text);
		unzip_by_workers(options, started, &inputs, &settings, &outcome);
		inputs_close(&inputs);
	}
	password_forget(&password);
	conclude(options, &outcome);
	return exit_status(&outcome);
}

static int collect_garbage(const struct options *options)
{
	int failures = garbage_collect(options);

	if (failures < 0 || (options->action == ACTION_GC_LIST && flush_and_exit() != STATUS_OK))
		return STATUS_USAGE;
	return failures == 0 ? STATUS_OK : STATUS_FAILURES;
}

int main(int argc, char *argv[])
{
	struct options options;
	struct options_error error;
	int status = STATUS_USAGE;

	if (argc == 2 && strcmp(argv[1], WORKER_ARGUMENT) == 0) {
		anew_main(); /* returns only if no parent has started us */
		diag(DIAG_ERROR, "'%s' is for zipmap's own use", WORKER_ARGUMENT);
		return STATUS_USAGE;
	}
	setlocale(LC_MESSAGES, "");
	if (open_standard_streams() < 0)
		return STATUS_USAGE;
	/* Only the owner may use the files and directories. Commands get what the umask was. */
	struct run_commands started = {.environment = environ, .mask = umask(077)};
	if (signals_hold_usr1(&started.blocked) < 0 ||
		getrlimit(RLIMIT_NOFILE, &started.files) < 0) {
		diag(DIAG_ERROR, "cannot start: %s", strerror(errno));
		return STATUS_USAGE;
	}

	if (commandline_parse(&options, argc, argv, &error) < 0) {
		bool usage = errno == EINVAL;
		diag(DIAG_ERROR, "%s", usage ? error.text : strerror(errno));
		if (usage)
			fputs("Try 'zipmap --help' for more information.\n", stderr);
		goto out;
	}
	commandline_begin_diag(&options);
	switch (options.action) {
	case ACTION_RUN:
	case ACTION_LIST:
	case ACTION_TEST:
		status = unzip(&options, &started);
		break;
	case ACTION_GC:
	case ACTION_GC_LIST:
		status = collect_garbage(&options);
		break;
	case ACTION_HELP:
		commandline_print_help(stdout);
		status = flush_and_exit();
		break;
	case ACTION_VERSION:
		print_version(stdout);
		status = flush_and_exit();
		break;
	case ACTION_GENERATE:
		completion_print(stdout, options.shell);
		status = flush_and_exit();
		break;
	}
out:
	options_release(&options);
	return status;
}
