// SPDX-License-Identifier: MIT

#include "cli/optionvalue.h"

#include "cli/format.h"
#include "cli/size.h"
#include "protocol/encoding.h"
#include "util/printable.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** The field of @options that the option @spec sets. */
static void *field_of(struct options *options, const struct option_spec *spec)
{
	return (char *)options + spec->field;
}

/** Say that "option '--NAME': 'ARGUMENT' WHAT". Returns -1 with errno EINVAL. */
static int wrong_argument(struct options_error *error, const struct option_spec *spec,
	const char *argument, const char *what)
{
	char shown[PRINTABLE_MAX];

	return options_wrong(error, "option '--%s': '%s' %s", spec->name,
		printable(argument, strlen(argument), shown, sizeof(shown)), what);
}

int optionvalue_set_flag(struct options *options, const struct option_spec *spec,
	const char *argument, struct options_error *error)
{
	(void)argument;
	(void)error;
	*(bool *)field_of(options, spec) = true;
	return 0;
}

int optionvalue_set_loudness(struct options *options, const struct option_spec *spec,
	const char *argument, struct options_error *error)
{
	options->quiet = false;
	options->verbose = false;
	return optionvalue_set_flag(options, spec, argument, error);
}

int optionvalue_set_sandbox(struct options *options, const struct option_spec *spec,
	const char *argument, struct options_error *error)
{
	options->no_sandbox = false;
	options->require_sandbox = false;
	return optionvalue_set_flag(options, spec, argument, error);
}

int optionvalue_set_text(struct options *options, const struct option_spec *spec,
	const char *argument, struct options_error *error)
{
	if (*argument == '\0')
		return options_wrong(
			error, "option '--%s': the %s is empty", spec->name, spec->argument);
	*(const char **)field_of(options, spec) = argument;
	return 0;
}

int optionvalue_set_list(struct options *options, const struct option_spec *spec,
	const char *argument, struct options_error *error)
{
	/* Only one list is read. */
	if (*(const char **)field_of(options, spec))
		return options_wrong(error, "option '--%s' can be given only once", spec->name);
	return optionvalue_set_text(options, spec, argument, error);
}

int optionvalue_set_number(struct options *options, const struct option_spec *spec,
	const char *argument, struct options_error *error)
{
	char range[64];
	char *end;

	/* strtoul() would accept white space and a sign before the number. */
	errno = 0;
	unsigned long number = strtoul(argument, &end, 10);
	if (*argument >= '0' && *argument <= '9' && *end == '\0' && errno == 0 &&
		number >= spec->minimum && number <= spec->maximum) {
		*(unsigned *)field_of(options, spec) = (unsigned)number;
		return 0;
	}
	snprintf(range, sizeof(range), "is not a whole number from %u to %u", spec->minimum,
		spec->maximum);
	return wrong_argument(error, spec, argument, range);
}

int optionvalue_set_size(struct options *options, const struct option_spec *spec,
	const char *argument, struct options_error *error)
{
	if (size_parse(argument, field_of(options, spec)) == 0)
		return 0;
	return wrong_argument(
		error, spec, argument, "is not a size such as 1000000, 500M, 1.5G or 10GB");
}

int optionvalue_set_count(struct options *options, const struct option_spec *spec,
	const char *argument, struct options_error *error)
{
	bool digits_only = argument[strspn(argument, "0123456789")] == '\0';

	if (digits_only && size_parse(argument, field_of(options, spec)) == 0)
		return 0;
	return wrong_argument(error, spec, argument, "is not a whole number of at least 1");
}

int optionvalue_set_format(struct options *options, const struct option_spec *spec,
	const char *argument, struct options_error *error)
{
	char shown[PRINTABLE_MAX];
	const char *bad;
	size_t size;

	if (format_check(argument, &bad, &size) == 0)
		return optionvalue_set_text(options, spec, argument, error);
	return options_wrong(error,
		"option '--%s': '%s' is not a directive or an escape of a FORMAT", spec->name,
		printable(bad, size, shown, sizeof(shown)));
}

int optionvalue_set_decoder(struct options *options, const struct option_spec *spec,
	const char *argument, struct options_error *error)
{
	if (decoder_by_name(argument, &options->decoder))
		return 0;
	return wrong_argument(error, spec, argument, "is not one of auto, twin, isal and zlib");
}

int optionvalue_set_parts(struct options *options, const struct option_spec *spec,
	const char *argument, struct options_error *error)
{
	if (parts_choice_by_name(argument, &options->parts))
		return 0;
	return wrong_argument(error, spec, argument, "is not one of auto, never and always");
}

int optionvalue_set_shard(struct options *options, const struct option_spec *spec,
	const char *argument, struct options_error *error)
{
	const char *problem;

	if (strcmp(argument, "auto") == 0)
		return shard_from_environment(&options->shard, &problem) == 0
			       ? 0
			       : options_wrong(error, "option '--shard=auto': %s", problem);
	if (shard_parse(argument, &options->shard) == 0)
		return 0;
	return wrong_argument(
		error, spec, argument, "is not K/N, with K from 1 to N, such as 1/8, and not auto");
}

int optionvalue_set_progress(struct options *options, const struct option_spec *spec,
	const char *argument, struct options_error *error)
{
	static const char *const choices[] = {
		[PROGRESS_AUTO] = "auto",
		[PROGRESS_NEVER] = "never",
		[PROGRESS_ALWAYS] = "always",
	};

	for (size_t i = 0; i < sizeof(choices) / sizeof(choices[0]); i++) {
		if (strcmp(argument, choices[i]) != 0)
			continue;
		options->progress = (enum progress_choice)i;
		return 0;
	}
	return wrong_argument(error, spec, argument, "is not one of auto, never and always");
}

int optionvalue_set_stats(struct options *options, const struct option_spec *spec,
	const char *argument, struct options_error *error)
{
	if (!argument || strcmp(argument, "text") == 0)
		options->stats = STATS_TEXT;
	else if (strcmp(argument, "json") == 0)
		options->stats = STATS_JSON;
	else
		return wrong_argument(error, spec, argument, "is neither 'text' nor 'json'");
	return 0;
}

int optionvalue_set_encoding(struct options *options, const struct option_spec *spec,
	const char *argument, struct options_error *error)
{
	iconv_t converter = encoding_open(argument);

	if (converter != ENCODING_NONE) {
		iconv_close(converter);
		return optionvalue_set_text(options, spec, argument, error);
	}
	if (errno == ENOMEM)
		return -1;
	return wrong_argument(error, spec, argument,
		"is not a known encoding that contains ASCII; 'iconv -l' lists the names");
}

int optionvalue_set_dtype(struct options *options, const struct option_spec *spec,
	const char *argument, struct options_error *error)
{
	if (rawarray_set_dtype(&options->raw, argument))
		return 0;
	return wrong_argument(
		error, spec, argument, "is not an item type such as float32, <f4 or u1");
}

int optionvalue_set_shape(struct options *options, const struct option_spec *spec,
	const char *argument, struct options_error *error)
{
	if (rawarray_set_shape(&options->raw, argument))
		return 0;
	return wrong_argument(error, spec, argument,
		"is not a shape such as 1000,4 or -1,4, with at most one -1");
}

int optionvalue_set_in_place(struct options *options, const struct option_spec *spec,
	const char *argument, struct options_error *error)
{
	struct in_place *in_place = &options->in_place;
	const struct {
		const char *word;
		bool *field;
	} words[] = {{"unchecked", &in_place->unchecked}, {"aligned", &in_place->aligned}};
	char shown[PRINTABLE_MAX];

	in_place->wanted = true;
	for (const char *word = argument; word;) {
		size_t size = strcspn(word, ",");
		bool known = false;
		for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
			if (strlen(words[i].word) == size && memcmp(word, words[i].word, size) == 0)
				known = *words[i].field = true;
		}
		if (!known)
			return options_wrong(error,
				"option '--%s': '%s' is neither 'unchecked' nor 'aligned'",
				spec->name, printable(word, size, shown, sizeof(shown)));
		word = word[size] ? word + size + 1 : NULL;
	}
	return 0;
}

int optionvalue_set_reuse(struct options *options, const struct option_spec *spec,
	const char *argument, struct options_error *error)
{
	char shown[PRINTABLE_MAX];

	options->reuse.wanted = true;
	options->reuse.unchecked = argument && strcmp(argument, "unchecked") == 0;
	if (!argument || options->reuse.unchecked || strcmp(argument, "checked") == 0)
		return 0;
	return options_wrong(error, "option '--%s': '%s' is neither 'checked' nor 'unchecked'",
		spec->name, printable(argument, strlen(argument), shown, sizeof(shown)));
}

int optionvalue_set_null(struct options *options, const struct option_spec *spec,
	const char *argument, struct options_error *error)
{
	bool both = !argument || strcmp(argument, "both") == 0;
	bool in = both || strcmp(argument, "in") == 0;
	bool out = both || strcmp(argument, "out") == 0;

	if (!in && !out)
		return wrong_argument(error, spec, argument, "is not one of in, out and both");
	options->null_input = options->null_input || in;
	options->null_output = options->null_output || out;
	return 0;
}

int optionvalue_set_hold(struct options *options, const struct option_spec *spec,
	const char *argument, struct options_error *error)
{
	options->hold = true;
	options->hold_fd = STDIN_FILENO;
	return argument ? optionvalue_set_number(options, spec, argument, error) : 0;
}

int optionvalue_add_command(struct options *options, const struct option_spec *spec, char **words,
	size_t count, struct options_error *error)
{
	bool batch = strcmp(spec->name, "exec-batch") == 0;
	struct template *commands = reallocarray(
		options->commands, options->command_count + 1, sizeof(options->commands[0]));

	if (!commands) {
		free(words);
		return -1;
	}
	options->commands = commands;
	commands[options->command_count] = (struct template){words, count};
	if (options->command_count++ > 0 && batch != options->exec_batch)
		return options_wrong(
			error, "options '--exec' and '--exec-batch' exclude each other");
	options->exec_batch = batch;
	switch (template_check(&commands[options->command_count - 1], batch)) {
	case TEMPLATE_EMPTY:
		return options_wrong(error, "option '--%s' needs a command", spec->name);
	case TEMPLATE_PROGRAM:
		return options_wrong(error,
			"option '--%s': the program itself cannot be a placeholder", spec->name);
	case TEMPLATE_SEVERAL:
		return options_wrong(
			error, "option '--%s': only one word can have a placeholder", spec->name);
	case TEMPLATE_GOOD:
		break;
	}
	return 0;
}

int optionvalue_add_filter(struct options *options, const struct option_spec *spec,
	const char *argument, struct options_error *error)
{
	struct filter_rule *filters = reallocarray(
		options->filters, options->filter_count + 1, sizeof(options->filters[0]));

	(void)error;
	if (!filters)
		return -1;
	options->filters = filters;
	filters[options->filter_count++] = (struct filter_rule){
		.include = strcmp(spec->name, "include") == 0,
		.glob = argument,
	};
	return 0;
}

/* --gc and --list, in either order, are one action. */
static enum options_action join_actions(enum options_action before, enum options_action now)
{
	bool gc = now == ACTION_GC || before == ACTION_GC || before == ACTION_GC_LIST;
	bool list = now == ACTION_LIST || before == ACTION_LIST || before == ACTION_GC_LIST;

	if (now != ACTION_GC && now != ACTION_LIST)
		return now;
	return gc && list ? ACTION_GC_LIST : now;
}

int optionvalue_set_action(struct options *options, const struct option_spec *spec,
	const char *argument, struct options_error *error)
{
	(void)argument;
	enum options_action action = join_actions(options->action, spec->action);
	/* The parser stops at those that are about zipmap. */
	if (options->action != ACTION_RUN && options->action != action &&
		action != ACTION_GC_LIST && action < ACTION_HELP)
		return options_wrong(error,
			"option '--%s' cannot be used with another one of --list, --test and --gc",
			spec->name);
	options->action = action;
	return 0;
}

int optionvalue_set_generate(struct options *options, const struct option_spec *spec,
	const char *argument, struct options_error *error)
{
	static const char *const kinds[] = {
		[SHELL_BASH] = "complete-bash",
		[SHELL_ZSH] = "complete-zsh",
		[SHELL_FISH] = "complete-fish",
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (strcmp(argument, kinds[i]) != 0)
			continue;
		options->shell = (enum shell)i;
		return optionvalue_set_action(options, spec, argument, error);
	}
	return wrong_argument(error, spec, argument,
		"is not one of complete-bash, complete-zsh and complete-fish");
}
