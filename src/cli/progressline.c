// SPDX-License-Identifier: MIT

#include "cli/progressline.h"

#include "cli/size.h"
#include "util/diag.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum {
	BAR_CELLS_MIN = 8,
	BAR_CELLS_MAX = 60,
	BAR_FRAME = 3, /* "[", "]" and a space */
	DRAW_FIRST_MS = 500,
	DRAW_EVERY_MS = 100,
	PRINT_EVERY_MS = 10000,
	LEFT_AFTER_MS = 1000, /* before, a guess at the time that is left is worth nothing */
	RATE_LEAST_MS = 50,
	RATE_SPAN_MS = 1500, /* over which the rate is smoothed */
	COLUMNS_MAX = 1000,
};

#define MS_NS UINT64_C(1000000)

/* What the line says, in its order. */
enum piece {
	PIECE_ARCHIVES,
	PIECE_MEMBERS,
	PIECE_BYTES,
	PIECE_FAILURES,
	PIECE_COMMANDS,
	PIECE_RATE,
	PIECE_TIME,
	PIECES,
};

/* What is left out first if the line is too long. The archives stay. */
static const enum piece least_first[] = {
	PIECE_MEMBERS, PIECE_BYTES, PIECE_RATE, PIECE_FAILURES, PIECE_COMMANDS, PIECE_TIME};

struct pieces {
	char text[PIECES][64]; /* empty: it is left out */
};

static const char *ending(uint64_t count)
{
	return count == 1 ? "" : "s";
}

/* The part of all that is done, from 0 to 1; -1: how much there is is not known. */
static double share_of(const struct run_progress *progress)
{
	if (!progress->all_known || progress->archives_known == 0)
		return -1;
	return progress->archives_share / (double)progress->archives_known;
}

static void write_seconds(char *text, size_t size, double seconds, const char *what)
{
	uint64_t whole = (uint64_t)(seconds + 0.5);

	if (whole >= 3600)
		snprintf(text, size, "%" PRIu64 ":%02u:%02u %s", whole / 3600,
			(unsigned)(whole / 60 % 60), (unsigned)(whole % 60), what);
	else
		snprintf(text, size, "%u:%02u %s", (unsigned)(whole / 60), (unsigned)(whole % 60),
			what);
}

/* The time that is left if it can be told, else the time that has passed. */
static void write_time(char *text, size_t size, const struct run_progress *progress)
{
	double passed = (double)progress->elapsed_ns / 1e9;
	double share = share_of(progress);

	if (share > 0 && share < 1 && progress->elapsed_ns >= LEFT_AFTER_MS * MS_NS)
		write_seconds(text, size, passed * (1 - share) / share, "left");
	else
		write_seconds(text, size, passed, "so far");
}

static void write_pieces(
	struct pieces *pieces, const struct progressline *line, const struct run_progress *progress)
{
	enum { SIZE = sizeof(pieces->text[0]) };
	char number[SIZE_TEXT_MAX];

	memset(pieces, 0, sizeof(*pieces));
	if (progress->all_known)
		snprintf(pieces->text[PIECE_ARCHIVES], SIZE, "%" PRIu64 " of %" PRIu64 " archive%s",
			progress->archives_done, progress->archives_known,
			ending(progress->archives_known));
	else
		snprintf(pieces->text[PIECE_ARCHIVES], SIZE, "%" PRIu64 " archive%s",
			progress->archives_done, ending(progress->archives_done));
	snprintf(pieces->text[PIECE_MEMBERS], SIZE, "%" PRIu64 " member%s", progress->members,
		ending(progress->members));
	if (!line->lists)
		snprintf(pieces->text[PIECE_BYTES], SIZE, "%s", size_text(progress->bytes, number));
	if (progress->failures > 0)
		snprintf(pieces->text[PIECE_FAILURES], SIZE, "%" PRIu64 " failure%s",
			progress->failures, ending(progress->failures));
	if (progress->has_commands)
		snprintf(pieces->text[PIECE_COMMANDS], SIZE,
			"%u command%s running, %" PRIu64 " done", progress->commands_running,
			ending(progress->commands_running), progress->commands_ended);
	if (!line->lists)
		snprintf(pieces->text[PIECE_RATE], SIZE, "%s/s",
			size_text((uint64_t)line->rate, number));
	write_time(pieces->text[PIECE_TIME], SIZE, progress);
}

/* How long the pieces are, with commas between them. */
static size_t joined_size(const struct pieces *pieces)
{
	size_t size = 0;

	for (int i = 0; i < PIECES; i++) {
		size_t piece = strlen(pieces->text[i]);
		size += piece > 0 && size > 0 ? piece + 2 : piece;
	}
	return size;
}

/* Returns where @count times @byte end. */
static char *fill(char *at, char byte, size_t count)
{
	memset(at, byte, count);
	return at + count;
}

/* Write the bar, which has @cells cells, to @text. Returns its size. */
static size_t write_bar(char *text, size_t cells, double share)
{
	size_t full = share >= 1 ? cells : (size_t)(share * (double)cells);
	char *at = text;

	*at++ = '[';
	at = fill(at, '=', full);
	if (full < cells)
		*at++ = '>';
	at = fill(at, ' ', full < cells ? cells - full - 1 : 0);
	*at++ = ']';
	*at++ = ' ';
	return (size_t)(at - text);
}

size_t progressline_format(const struct progressline *line, const struct run_progress *progress,
	size_t columns, bool bar, char *text, size_t size)
{
	struct pieces pieces;
	double share = share_of(progress);
	size_t least_bar = bar && share >= 0 ? BAR_CELLS_MIN + BAR_FRAME : 0;
	size_t at = 0;

	assert(size > COLUMNS_MAX);
	if (columns > COLUMNS_MAX)
		columns = COLUMNS_MAX;
	write_pieces(&pieces, line, progress);
	for (size_t i = 0; i < sizeof(least_first) / sizeof(least_first[0]) &&
			   joined_size(&pieces) + least_bar >= columns;
		i++)
		pieces.text[least_first[i]][0] = '\0';
	size_t joined = joined_size(&pieces);
	if (least_bar > 0 && joined + least_bar < columns) {
		size_t cells = columns - 1 - joined - BAR_FRAME;
		at = write_bar(text, cells < BAR_CELLS_MAX ? cells : BAR_CELLS_MAX, share);
	}
	const char *comma = "";
	for (int i = 0; i < PIECES; i++) {
		if (!*pieces.text[i])
			continue;
		at += (size_t)snprintf(text + at, size - at, "%s%s", comma, pieces.text[i]);
		comma = ", ";
	}
	if (at >= columns)
		at = columns > 0 ? columns - 1 : 0;
	text[at] = '\0';
	return at;
}

/* Measure how fast bytes come now. */
static void measure_rate(struct progressline *line, const struct run_progress *progress)
{
	uint64_t passed_ns = progress->elapsed_ns - line->at_ns;
	double seconds = (double)passed_ns / 1e9;

	if (passed_ns < RATE_LEAST_MS * MS_NS)
		return;
	double now = (double)(progress->bytes - line->bytes) / seconds;
	double weight = line->at_ns == 0 ? 1 : seconds / (seconds + RATE_SPAN_MS / 1e3);
	line->rate += (now - line->rate) * weight;
	line->at_ns = progress->elapsed_ns;
	line->bytes = progress->bytes;
}

static size_t terminal_columns(void)
{
	struct winsize size;

	/* It is asked each time: then a change needs no signal. */
	if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) < 0 || size.ws_col == 0)
		return 80;
	return size.ws_col;
}

static void draw(struct progressline *line, const struct run_progress *progress)
{
	char text[COLUMNS_MAX + 64];
	double share = share_of(progress);
	size_t told = 0;

	if (line->told) {
		told = (size_t)(share >= 0
					? sprintf(text, "\033]9;4;1;%d\033\\", (int)(share * 100))
					: sprintf(text, "\033]9;4;3\033\\"));
		line->telling = true;
	}
	size_t size = progressline_format(
		line, progress, terminal_columns(), true, text + told, sizeof(text) - told);
	diag_show_status(text, told + size);
}

static void show(void *context, const struct run_progress *progress, bool asked)
{
	struct progressline *line = context;
	char text[COLUMNS_MAX + 1];

	measure_rate(line, progress);
	if (line->way == PROGRESS_DRAWN && !asked) {
		draw(line, progress);
		return;
	}
	progressline_format(line, progress, COLUMNS_MAX, false, text, sizeof(text));
	diag(DIAG_ERROR, "%s", text);
}

static void end(void *context)
{
	static const char nothing[] = "\033]9;4;0\033\\";
	struct progressline *line = context;

	diag_hide_status();
	if (!line->telling)
		return;
	diag_pass(nothing, sizeof(nothing) - 1);
	diag_note_written('\n'); /* nothing of it is seen */
	line->telling = false;
}

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

/* The features that a terminal states, of one or more letters each: is the single letter P there?
 */
static bool states_progress(const char *features)
{
	for (const char *at = features; (at = strchr(at, 'P')); at++) {
		if (at[1] < 'a' || at[1] > 'z')
			return true;
	}
	return false;
}

bool progressline_is_told(void)
{
	const char *term = variable("TERM");
	const char *program = variable("TERM_PROGRAM");

	/* What is around these is not what they pass on. */
	if (strncmp(term, "screen", 6) == 0 || strncmp(term, "tmux", 4) == 0 ||
		strcmp(program, "tmux") == 0)
		return false;
	return strcmp(term, "xterm-ghostty") == 0 || strcmp(program, "ghostty") == 0 ||
	       strcmp(program, "WezTerm") == 0 || *variable("WT_SESSION") ||
	       strcmp(variable("ConEmuANSI"), "ON") == 0 ||
	       (strcmp(program, "iTerm.app") == 0 && states_progress(variable("TERM_FEATURES"))) ||
	       strtoul(variable("VTE_VERSION"), NULL, 10) >= 8000;
}

void progressline_init(struct progressline *line, const struct options *options)
{
	const char *term = variable("TERM");
	bool terminal = isatty(STDERR_FILENO) == 1 && *term && strcmp(term, "dumb") != 0;
	bool lists = options->action == ACTION_LIST;
	enum progress_way way = PROGRESS_HIDDEN;

	switch (options->progress) {
	case PROGRESS_AUTO:
		/* A list is quick, and often read in a pager on the same terminal. */
		way = terminal && !options->quiet && !lists ? PROGRESS_DRAWN : PROGRESS_HIDDEN;
		break;
	case PROGRESS_NEVER:
		break;
	case PROGRESS_ALWAYS:
		way = terminal ? PROGRESS_DRAWN : PROGRESS_PRINTED;
		break;
	}
	*line = (struct progressline){
		.way = way,
		.lists = lists,
		.told = way == PROGRESS_DRAWN && progressline_is_told(),
	};
}

struct run_display progressline_display(struct progressline *line)
{
	struct run_display display = {.show = show, .end = end, .context = line};

	if (line->way == PROGRESS_DRAWN) {
		display.first_ms = DRAW_FIRST_MS;
		display.every_ms = DRAW_EVERY_MS;
	} else if (line->way == PROGRESS_PRINTED) {
		display.first_ms = display.every_ms = PRINT_EVERY_MS;
	}
	return display;
}
