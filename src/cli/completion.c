// SPDX-License-Identifier: MIT

#include "cli/completion.h"

#include "cli/optiontable.h"

#include <getopt.h>
#include <stdbool.h>
#include <string.h>

/*
 * Print the help of @spec in one line, for a string in single quotes. A backslash comes before each
 * of the characters @special.
 */
static void print_help(FILE *stream, const struct option_spec *spec, const char *special)
{
	for (const char *at = spec->help; *at; at++) {
		if (*at == '\n')
			fputc(' ', stream);
		else if (*at == '\'')
			fputs("'\\''", stream);
		else
			fprintf(stream, "%s%c", strchr(special, *at) ? "\\" : "", *at);
	}
}

/* --- bash(1), "Programmable Completion" ------------------------------------------------------- */

static const char bash_head[] =
	"# bash completion for zipmap, as \"zipmap --generate=complete-bash\" prints it.\n"
	"\n"
	"_zipmap()\n"
	"{\n"
	"\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]}\n"
	"\tlocal option= prefix= command= i\n"
	"\n"
	"\tfor ((i = 1; i < COMP_CWORD; i++)); do\n"
	"\t\tcase ${COMP_WORDS[i]} in\n"
	"\t\t-x | --exec | -X | --exec-batch) command=1 ;;\n"
	"\t\t';' | '\\;' | \"';'\" | '\";\"') command= ;;\n"
	"\t\tesac\n"
	"\tdone\n"
	"\tif [[ $command ]]; then\n"
	"\t\tcompopt -o filenames\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -c -f -- \"$word\")\n"
	"\t\treturn\n"
	"\tfi\n"
	"\t# Most shells divide --option=value at the sign.\n"
	"\tif [[ $word == --*=* ]]; then\n"
	"\t\toption=${word%%=*} prefix=${word%%=*}= word=${word#*=}\n"
	"\telif [[ $word == '=' ]]; then\n"
	"\t\toption=$before word=\n"
	"\telif [[ $before == '=' ]]; then\n"
	"\t\toption=${COMP_WORDS[COMP_CWORD-2]}\n"
	"\telse\n"
	"\t\tcase $before in\n";

static const char bash_tail[] =
	"\tesac\n"
	"\tif [[ $word == -* ]]; then\n"
	"\t\tmapfile -t COMPREPLY < <(compgen -W \"$options\" -- \"$word\")\n"
	"\t\t[[ ${#COMPREPLY[@]} -ne 1 || $COMPREPLY != *= ]] || compopt -o nospace\n"
	"\telse\n"
	"\t\tcompopt -o filenames\n"
	"\t\tmapfile -t COMPREPLY < <(\n"
	"\t\t\tcompgen -d -- \"$word\"\n"
	"\t\t\tcompgen -f -X '!*.[zZ][iI][pP]' -- \"$word\"\n"
	"\t\t\tcompgen -f -X '!*.[nN][pP][zZ]' -- \"$word\")\n"
	"\tfi\n"
	"}\n"
	"complete -F _zipmap zipmap\n";

/* What compgen is asked for. */
static void print_bash_values(FILE *stream, const struct option_spec *spec)
{
	switch (spec->completes) {
	case COMPLETES_WORDS:
		fprintf(stream, "compgen -P \"$prefix\" -W '%s' -- \"$word\"", spec->words);
		break;
	case COMPLETES_FILE:
		fputs("compgen -P \"$prefix\" -f -- \"$word\"", stream);
		break;
	case COMPLETES_DIRECTORY:
		fputs("compgen -P \"$prefix\" -d -- \"$word\"", stream);
		break;
	case COMPLETES_ENCODING:
		fputs("compgen -P \"$prefix\" -W \"$(iconv -l | tr -d /)\" -- \"$word\"", stream);
		break;
	case COMPLETES_NOTHING:
		break;
	}
}

/* The patterns of "case" that match @spec. */
static void print_bash_patterns(FILE *stream, const struct option_spec *spec)
{
	if (spec->letter)
		fprintf(stream, "-%c | ", spec->letter);
	fprintf(stream, "--%s)", spec->name);
}

static void print_bash(FILE *stream)
{
	fputs(bash_head, stream);
	for (size_t i = 0; i < option_spec_count; i++) {
		if (option_specs[i].has_arg != required_argument || option_specs[i].is_command)
			continue;
		fputs("\t\t", stream);
		print_bash_patterns(stream, &option_specs[i]);
		fputs(" option=$before ;;\n", stream);
	}
	fputs("\t\tesac\n\tfi\n\tlocal options='", stream);
	for (size_t i = 0; i < option_spec_count; i++) {
		const struct option_spec *spec = &option_specs[i];
		bool value = spec->has_arg == required_argument && !spec->is_command;
		if (spec->letter)
			fprintf(stream, "-%c ", spec->letter);
		fprintf(stream, "--%s%s%s", spec->name, value ? "=" : "",
			i + 1 < option_spec_count ? " " : "'\n");
	}
	fputs("\tcase $option in\n\t'') ;;\n", stream);
	for (size_t i = 0; i < option_spec_count; i++) {
		if (option_specs[i].completes == COMPLETES_NOTHING)
			continue;
		fputc('\t', stream);
		print_bash_patterns(stream, &option_specs[i]);
		if (option_specs[i].completes == COMPLETES_FILE ||
			option_specs[i].completes == COMPLETES_DIRECTORY)
			fputs("\n\t\tcompopt -o filenames", stream);
		fputs("\n\t\tmapfile -t COMPREPLY < <(", stream);
		print_bash_values(stream, &option_specs[i]);
		fputs(")\n\t\treturn\n\t\t;;\n", stream);
	}
	fputs("\t*) return ;;\n", stream);
	fputs(bash_tail, stream);
}

/* --- zshcompsys(1), _arguments ---------------------------------------------------------------- */

static const char *zsh_action(const struct option_spec *spec)
{
	switch (spec->completes) {
	case COMPLETES_FILE:
		return "_files";
	case COMPLETES_DIRECTORY:
		return "_files -/";
	case COMPLETES_ENCODING:
		return "compadd -- ${(f)\"$(iconv -l | tr -d /)\"}";
	case COMPLETES_WORDS:
	case COMPLETES_NOTHING:
		break;
	}
	return " ";
}

static void print_zsh_option(FILE *stream, const struct option_spec *spec)
{
	bool optional = spec->has_arg == optional_argument;
	const char *sign = !spec->argument || spec->is_command ? "" : optional ? "=-" : "=";

	fputs(" \\\n\t", stream);
	if (spec->letter)
		fprintf(stream, "'*'{-%c%s,--%s%s}'[", spec->letter,
			spec->has_arg == required_argument && !spec->is_command ? "+" : "",
			spec->name, sign);
	else
		fprintf(stream, "'*--%s%s[", spec->name, sign);
	print_help(stream, spec, "[]\\");
	fputc(']', stream);
	if (spec->is_command)
		fputs(":command: _command_names -e:*\\;::argument: _normal", stream);
	else if (spec->completes == COMPLETES_WORDS)
		fprintf(stream, "%s%s:(%s)", optional ? "::" : ":", spec->argument, spec->words);
	else if (spec->argument)
		fprintf(stream, "%s%s:%s", optional ? "::" : ":", spec->argument, zsh_action(spec));
	fputc('\'', stream);
}

static void print_zsh(FILE *stream)
{
	fputs("#compdef zipmap\n"
	      "# zsh completion for zipmap, as \"zipmap --generate=complete-zsh\" prints it.\n\n"
	      "_arguments -s -S :",
		stream);
	for (size_t i = 0; i < option_spec_count; i++)
		print_zsh_option(stream, &option_specs[i]);
	fputs(" \\\n\t'*:archive:_files -g \"(#i)*.(zip|npz)\"'\n", stream);
}

/* --- fish, complete(1) ------------------------------------------------------------------------ */

static void print_fish_option(FILE *stream, const struct option_spec *spec)
{
	bool optional = spec->has_arg == optional_argument;

	fputs("complete -c zipmap", stream);
	if (spec->letter && !optional)
		fprintf(stream, " -s %c", spec->letter);
	fprintf(stream, " -l %s", spec->name);
	switch (spec->completes) {
	case COMPLETES_WORDS:
		fprintf(stream, "%s -a '%s'", optional ? "" : " -x", spec->words);
		break;
	case COMPLETES_FILE:
		fputs(" -r -F", stream);
		break;
	case COMPLETES_DIRECTORY:
		fputs(" -x -a '(__fish_complete_directories)'", stream);
		break;
	case COMPLETES_ENCODING:
		fputs(" -x -a '(iconv -l | string replace -a / \"\")'", stream);
		break;
	case COMPLETES_NOTHING:
		if (spec->is_command)
			fputs(" -x -a '(__fish_complete_subcommand)'", stream);
		else if (spec->argument && !optional)
			fputs(" -x", stream);
		break;
	}
	fputs(" -d '", stream);
	print_help(stream, spec, "\\");
	fputs("'\n", stream);
}

static void print_fish(FILE *stream)
{
	fputs("# fish completion for zipmap, as \"zipmap --generate=complete-fish\" prints it.\n\n"
	      "complete -c zipmap -k -f -a '(__fish_complete_suffix .zip)'\n",
		stream);
	for (size_t i = 0; i < option_spec_count; i++)
		print_fish_option(stream, &option_specs[i]);
}

void completion_print(FILE *stream, enum shell shell)
{
	switch (shell) {
	case SHELL_BASH:
		print_bash(stream);
		break;
	case SHELL_ZSH:
		print_zsh(stream);
		break;
	case SHELL_FISH:
		print_fish(stream);
		break;
	}
}
