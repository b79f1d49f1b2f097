// SPDX-License-Identifier: MIT

/*
 * The command of --exec and --exec-batch: words with placeholders for a path, by the rules of
 * fd(1). Pure: no process is started here.
 *
 *     {}    the path                      {/}   its base name
 *     {//}  its directory                 {.}   the path without the extension
 *     {/.}  the base name without it      {{ }} a brace
 *
 * A placeholder whose last brace is doubled, such as {}}, stands for itself without that brace. If
 * no word has a placeholder, the path is appended as a word of its own.
 */

#ifndef ZIPMAP_PARENT_TEMPLATE_H
#define ZIPMAP_PARENT_TEMPLATE_H

#include <stdbool.h>
#include <stddef.h>

/** A command with placeholders. */
struct template
{
	char **words; /**< not owned */
	size_t count;
};

/** What may be wrong with a command. */
enum template_fault {
	TEMPLATE_GOOD,
	TEMPLATE_EMPTY,   /**< it has no word */
	TEMPLATE_PROGRAM, /**< --exec-batch: the program itself is a placeholder */
	TEMPLATE_SEVERAL, /**< --exec-batch: more than one word has a placeholder */
};

/** Check a command of --exec, or, if @batch is set, of --exec-batch. */
enum template_fault template_check(const struct template *template, bool batch);

/** Whether @word has a placeholder. */
bool template_has_placeholder(const char *word);

/**
 * Replace the placeholders of @word by what they say of @path, which is not empty and does not end
 * in a slash. At most @capacity bytes are written to @text, which may be NULL if @capacity is 0.
 * Returns how many bytes the whole text has, its NUL included.
 */
size_t template_expand(const char *word, const char *path, char *text, size_t capacity);

/**
 * The words of @template for one @path, as execve(2) takes them: the pointers and what they point
 * to are one block, which the caller frees. NULL with ENOMEM.
 */
char **template_words(const struct template *template, const char *path);

#endif
