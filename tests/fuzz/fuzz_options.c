// SPDX-License-Identifier: MIT

/*
 * What the user writes: the command line, a list of paths, a format of --printf. The first byte of
 * the input says which; the rest is the arguments with a NUL after each, the list, or the format.
 */

#include "cli/commandline.h"
#include "cli/format.h"
#include "cli/pathlist.h"
#include "fuzz.h"
#include "protocol/failure.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ARGUMENTS_MAX = 64 };

/* --- the command line ----------------------------------------------------------------------------
 */

static bool is_argument(char *const *arguments, int count, const char *text)
{
	for (int i = 1; i < count; i++)
		if (text >= arguments[i] && text <= arguments[i] + strlen(arguments[i]))
			return true;
	return false;
}

static void check_options(const struct options *options, char *const *arguments, int count)
{
	MUST(options->jobs >= 1 && options->jobs <= OPTIONS_JOBS_MAX);
	MUST(options->tmpdir && *options->tmpdir != '\0');
	MUST(!(options->no_sandbox && options->require_sandbox));
	MUST(!(options->quiet && options->verbose));
	for (size_t i = 0; i < options->operand_count; i++)
		MUST(is_argument(arguments, count, options->operands[i]));
	for (size_t i = 0; i < options->filter_count; i++)
		MUST(is_argument(arguments, count, options->filters[i].glob));
	MUST(options->command_count == 0 || !options->hold);
	for (size_t i = 0; i < options->command_count; i++) {
		const struct template *command = &options->commands[i];
		MUST(template_check(command, options->exec_batch) == TEMPLATE_GOOD);
		for (size_t j = 0; j < command->count; j++)
			MUST(is_argument(arguments, count, command->words[j]));
	}
	if (options->printf_format) {
		const char *wrong;
		size_t size;
		MUST(format_check(options->printf_format, &wrong, &size) == 0);
	}
	if (options->action == ACTION_RUN)
		MUST(options->operand_count > 0 || options->files_from);
}

static void try_options(struct fuzz_input *input)
{
	char *arguments[ARGUMENTS_MAX + 1] = {strdup("zipmap")};
	char *given[ARGUMENTS_MAX];
	struct options_error error;
	struct options options;
	int count = 1;

	while (input->left > 0 && count < ARGUMENTS_MAX) {
		const uint8_t *end = memchr(input->at, '\0', input->left);
		size_t size = end ? (size_t)(end - input->at) : input->left;
		const char *text = fuzz_take(input, size, &size);
		arguments[count++] = strndup(text, size);
		fuzz_take_u8(input);
	}
	memcpy(given, arguments, sizeof(given)); /* parsing reorders the others */
	memset(&error, 'x', sizeof(error));
	int result = commandline_parse(&options, count, arguments, &error);
	if (result == 0 && options.action != ACTION_HELP && options.action != ACTION_VERSION)
		check_options(&options, given, count);
	if (result < 0 && errno == EINVAL)
		MUST(memchr(error.text, '\0', sizeof(error.text)) && *error.text &&
			fuzz_is_printable(error.text));
	options_release(&options);
	for (int i = 0; i < count; i++)
		free(given[i]);
}

/* --- lists ---------------------------------------------------------------------------------------
 */

/* The list as a text; a byte 0xff stands for many others, so that lines become too long. */
static char *expand(struct fuzz_input *input, size_t *size)
{
	enum { MANY = 22000, MOST = 16 };
	char *list = malloc(input->left + MANY * MOST);
	unsigned expanded = 0;

	MUST(list);
	*size = 0;
	while (input->left > 0) {
		uint8_t byte = fuzz_take_u8(input);
		if (byte == 0xff && expanded++ < MOST) {
			memset(list + *size, 'a', MANY);
			*size += MANY;
		} else {
			list[(*size)++] = (char)byte;
		}
	}
	return list;
}

/* What is to come of the list, found by another way: in the whole text. */
struct expected {
	const char *at;
	size_t left;
	uint64_t line;
	char separator;
};

static enum pathlist_status expect(struct expected *expected, const char **path, size_t *size)
{
	while (expected->left > 0) {
		const char *end = memchr(expected->at, expected->separator, expected->left);
		*path = expected->at;
		*size = end ? (size_t)(end - expected->at) : expected->left;
		size_t step = *size + (end ? 1 : 0);
		expected->at += step;
		expected->left -= step;
		expected->line++;
		if (*size >= PATHLIST_LINE_MAX)
			return PATHLIST_TOO_LONG;
		if (memchr(*path, '\0', *size))
			return PATHLIST_NUL;
		if (*size > 0)
			return PATHLIST_PATH;
	}
	return PATHLIST_END;
}

/* Take from @list what there is now. PATHLIST_WAIT or PATHLIST_END. */
static enum pathlist_status drain(struct pathlist *list, struct expected *expected)
{
	for (;;) {
		const char *path;
		const char *expected_path;
		uint64_t line;
		size_t size;
		enum pathlist_status status = pathlist_next(list, &path, &line);

		MUST(status != PATHLIST_ERROR);
		if (status == PATHLIST_AGAIN)
			continue;
		if (status == PATHLIST_WAIT)
			return status;
		MUST(status == expect(expected, &expected_path, &size));
		if (status == PATHLIST_END)
			return status;
		MUST(line == expected->line);
		if (status == PATHLIST_PATH)
			MUST(strlen(path) == size && memcmp(path, expected_path, size) == 0);
	}
}

static void try_list(struct fuzz_input *input, char separator)
{
	char path[64];
	int ends[2];
	struct pathlist list;
	size_t step = 1 + 64 * (size_t)fuzz_take_u8(input);
	size_t size;
	char *text = expand(input, &size);
	if (step < size / 256)
		step = size / 256; /* byte by byte, a long list would take seconds */
	struct expected expected = {text, size, 0, separator};

	MUST(pipe2(ends, O_CLOEXEC) == 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", ends[0]);
	MUST(pathlist_open(&list, path, separator) == 0);
	for (size_t done = 0; done < size;) {
		size_t part = step < size - done ? step : size - done;
		MUST(write(ends[1], text + done, part) == (ssize_t)part);
		done += part;
		MUST(drain(&list, &expected) == PATHLIST_WAIT);
	}
	close(ends[1]);
	MUST(drain(&list, &expected) == PATHLIST_END);
	pathlist_close(&list);
	close(ends[0]);
	free(text);
}

/* --- formats -------------------------------------------------------------------------------------
 */

static void try_format(struct fuzz_input *input)
{
	static const char name[] = {'a', '\n', '\0', 'b'};
	const struct record record = {.size_bytes = 12345678901,
		.offset_bytes = 64,
		.crc32 = 0xabc,
		.name = name,
		.name_size = sizeof(name)};
	const char *text = (const char *)input->at;
	char *format = strndup(text, input->left);
	const char *wrong = NULL;
	size_t wrong_size = 0;

	MUST(format);
	if (format_check(format, &wrong, &wrong_size) < 0) {
		MUST(wrong >= format && wrong_size >= 1 && wrong_size <= 2);
		MUST(strlen(wrong) >= wrong_size && (*wrong == '%' || *wrong == '\\'));
		/* What stands before it is a format. */
		format[wrong - format] = '\0';
		MUST(format_check(format, &wrong, &wrong_size) == 0);
	}
	char *printed = NULL;
	size_t printed_size = 0;
	FILE *stream = open_memstream(&printed, &printed_size);
	MUST(stream);
	format_print(stream, format, &record, "archive", "path");
	MUST(!ferror(stream) && fclose(stream) == 0);
	if (!strpbrk(format, "%\\"))
		MUST(strcmp(printed, format) == 0);
	for (const char *letter = "pamsco"; *letter; letter++) {
		char directive[] = {'%', *letter, '\0'};
		if (format_uses(format, *letter))
			MUST(strstr(format, directive));
		else if (!strstr(format, "%%") && !strstr(format, "\\\\"))
			MUST(!strstr(format, directive));
	}
	free(printed);
	free(format);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_input input = {data, size};

	switch (fuzz_take_u8(&input)) {
	case 'l':
		try_list(&input, '\n');
		break;
	case '0':
		try_list(&input, '\0');
		break;
	case 'f':
		try_format(&input);
		break;
	default:
		try_options(&input);
		break;
	}
	return 0;
}
