// SPDX-License-Identifier: MIT

#include "numpy/npy.h"

#include "numpy/dtype.h"
#include "util/utf8.h"

#include <stdio.h>
#include <string.h>

/* The most levels of records in records. Nobody has that many. */
#define DEPTH_MAX 16

/* The literal that is read, and the type that is written from it. Errors are sticky. */
struct parse {
	const char *at, *end;
	bool latin1; /* versions 1 and 2; else UTF-8 */
	bool failed;
	bool objects;
	char *out;       /* the type in words: ARRAY_DTYPE_MAX bytes */
	size_t out_size; /* more than that if the type is too long */
};

/* A string of the literal, with its escapes. */
struct string {
	const char *text;
	size_t size;
};

static bool fail(struct parse *parse)
{
	parse->failed = true;
	return false;
}

static void put(struct parse *parse, const char *text, size_t size)
{
	if (parse->out_size <= ARRAY_DTYPE_MAX && size <= ARRAY_DTYPE_MAX - parse->out_size)
		memcpy(parse->out + parse->out_size, text, size);
	parse->out_size += size; /* a header is short, and each byte of it becomes at most 10 */
}

static void put_text(struct parse *parse, const char *text)
{
	put(parse, text, strlen(text));
}

static void skip_space(struct parse *parse)
{
	while (parse->at < parse->end && *parse->at != '\0' && strchr(" \t\n\r", *parse->at))
		parse->at++;
}

/* The next token is @c. */
static bool next_is(struct parse *parse, char c)
{
	skip_space(parse);
	return !parse->failed && parse->at < parse->end && *parse->at == c;
}

static bool accept(struct parse *parse, char c)
{
	if (!next_is(parse, c))
		return false;
	parse->at++;
	return true;
}

static bool expect(struct parse *parse, char c)
{
	return accept(parse, c) || fail(parse);
}

static bool accept_word(struct parse *parse, const char *word)
{
	size_t size = strlen(word);

	skip_space(parse);
	if (parse->failed || (size_t)(parse->end - parse->at) < size ||
		memcmp(parse->at, word, size) != 0)
		return false;
	parse->at += size;
	return true;
}

/* 'text' or "text", as Python 2 writes it also with a u in front. */
static struct string get_string(struct parse *parse)
{
	struct string string = {.text = parse->at};

	accept(parse, 'u');
	char quote = next_is(parse, '"') ? '"' : '\'';
	if (!expect(parse, quote))
		return string;
	string.text = parse->at;
	while (parse->at < parse->end && *parse->at != quote && *parse->at != '\n') {
		parse->at += *parse->at == '\\' && parse->end - parse->at > 1 ? 2 : 1;
	}
	string.size = (size_t)(parse->at - string.text);
	if (parse->at >= parse->end || *parse->at != quote)
		fail(parse);
	else
		parse->at++;
	return string;
}

static uint64_t get_number(struct parse *parse)
{
	uint64_t number = 0;
	size_t digits = 0;

	skip_space(parse);
	const char *first = parse->at;
	for (; parse->at < parse->end && *parse->at >= '0' && *parse->at <= '9'; digits++) {
		uint64_t digit = (uint64_t)(*parse->at++ - '0');
		if (number > (INT64_MAX - digit) / 10) {
			fail(parse);
			return 0;
		}
		number = number * 10 + digit;
	}
	if (digits == 0 || (digits > 1 && *first == '0'))
		fail(parse);
	/* A long integer of Python 2. */
	if (parse->latin1 && parse->at < parse->end && *parse->at == 'L')
		parse->at++;
	return number;
}

/* A tuple of numbers. Without a comma it would not be a tuple. */
static void get_shape(struct parse *parse, struct array *shape)
{
	bool comma = true;

	expect(parse, '(');
	while (!parse->failed && !next_is(parse, ')')) {
		uint64_t length = get_number(parse);
		if (shape->dimensions == ARRAY_DIMENSIONS_MAX) {
			fail(parse);
			return;
		}
		shape->shape[shape->dimensions++] = length;
		comma = accept(parse, ',');
		if (!comma)
			break;
	}
	expect(parse, ')');
	if (shape->dimensions == 1 && !comma)
		fail(parse);
}

static void put_character(struct parse *parse, uint32_t character)
{
	char text[12];

	if (character == '\'' || character == '\\')
		snprintf(text, sizeof(text), "\\%c", (char)character);
	else if (character >= ' ' && character <= '~')
		snprintf(text, sizeof(text), "%c", (char)character);
	else if (character <= 0xff)
		snprintf(text, sizeof(text), "\\x%02x", (unsigned)character);
	else if (character <= 0xffff)
		snprintf(text, sizeof(text), "\\u%04x", (unsigned)character);
	else
		snprintf(text, sizeof(text), "\\U%08x", (unsigned)character);
	put_text(parse, text);
}

/* Read the escape at @text, behind its backslash. Returns its size in bytes; 0 if it is not one. */
static size_t get_escape(const char *text, size_t size, uint32_t *character)
{
	static const char letters[] = "nrt\\'\"";
	static const char meanings[] = "\n\r\t\\'\"";
	size_t digits = *text == 'x' ? 2 : *text == 'u' ? 4 : *text == 'U' ? 8 : 0;
	const char *letter = *text ? strchr(letters, *text) : NULL;

	if (letter) {
		*character = (uint32_t)meanings[letter - letters];
		return 1;
	}
	*character = 0;
	if (digits == 0 || size <= digits)
		return 0;
	for (size_t i = 1; i <= digits; i++) {
		char c = text[i];
		unsigned digit = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
				 : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10)
				 : c >= 'A' && c <= 'F' ? (unsigned)(c - 'A' + 10)
							: 16;
		if (digit == 16)
			return 0;
		*character = *character << 4 | digit;
	}
	return *character <= 0x10ffff ? digits + 1 : 0;
}

/* Write the name of a field in ASCII, as ascii() of Python does. */
static void put_string(struct parse *parse, struct string string)
{
	put_text(parse, "'");
	for (size_t at = 0; at < string.size && !parse->failed;) {
		uint32_t character = (unsigned char)string.text[at];
		size_t size = 1;
		if (character == '\\' && at + 1 < string.size)
			size = get_escape(string.text + at + 1, string.size - at - 1, &character),
			size += size > 0;
		else if (!parse->latin1)
			size = utf8_decode(string.text + at, string.size - at, &character);
		if (size == 0) {
			fail(parse);
			return;
		}
		put_character(parse, character);
		at += size;
	}
	put_text(parse, "'");
}

static uint64_t get_type(struct parse *parse, unsigned depth);

/* The number of items of a field that is an array itself: a tuple, or one number. */
static uint64_t get_field_shape(struct parse *parse)
{
	struct array shape = {.item_bytes = 1};
	uint64_t items;
	char text[24];

	if (next_is(parse, '(')) {
		get_shape(parse, &shape);
	} else {
		shape.dimensions = 1;
		shape.shape[0] = get_number(parse);
	}
	put_text(parse, ", (");
	for (unsigned i = 0; i < shape.dimensions; i++) {
		snprintf(text, sizeof(text), "%s%llu%s", i > 0 ? " " : "",
			(unsigned long long)shape.shape[i], ",");
		/* Python writes a comma behind the last one only if there is no other. */
		if (i + 1 == shape.dimensions && i > 0)
			text[strlen(text) - 1] = '\0';
		put_text(parse, text);
	}
	put_text(parse, ")");
	if (!array_data_bytes(&shape, &items))
		fail(parse);
	return parse->failed ? 0 : items;
}

/* (name, type) or (name, type, shape); the name may be a tuple of a title and a name. */
static uint64_t get_field(struct parse *parse, unsigned depth)
{
	uint64_t bytes;

	expect(parse, '(');
	put_text(parse, "(");
	if (accept(parse, '(')) {
		put_text(parse, "(");
		put_string(parse, get_string(parse));
		expect(parse, ',');
		put_text(parse, ", ");
		put_string(parse, get_string(parse));
		accept(parse, ',');
		expect(parse, ')');
		put_text(parse, ")");
	} else {
		put_string(parse, get_string(parse));
	}
	expect(parse, ',');
	put_text(parse, ", ");
	bytes = get_type(parse, depth);
	if (accept(parse, ',') && !next_is(parse, ')')) {
		uint64_t items = get_field_shape(parse);
		if (items > 0 && bytes > INT64_MAX / items)
			fail(parse);
		bytes *= items;
		accept(parse, ',');
	}
	expect(parse, ')');
	put_text(parse, ")");
	return bytes;
}

/* A type: a string, or a list of fields. Returns the size of an item in bytes. */
static uint64_t get_type(struct parse *parse, unsigned depth)
{
	struct dtype dtype;
	uint64_t bytes = 0;
	bool first = true;

	if (!next_is(parse, '[')) {
		struct string string = get_string(parse);
		if (parse->failed || !dtype_parse(string.text, string.size, &dtype)) {
			fail(parse);
			return 0;
		}
		parse->objects = parse->objects || dtype.objects;
		put_text(parse, depth > 0 ? "'" : "");
		put_text(parse, dtype.text);
		put_text(parse, depth > 0 ? "'" : "");
		return dtype.item_bytes;
	}
	if (depth == DEPTH_MAX)
		fail(parse);
	expect(parse, '[');
	put_text(parse, "[");
	while (!parse->failed && !next_is(parse, ']')) {
		put_text(parse, first ? "" : ", ");
		first = false;
		uint64_t field = get_field(parse, depth + 1);
		if (parse->failed || field > INT64_MAX - bytes) {
			fail(parse);
			return 0;
		}
		bytes += field;
		if (!accept(parse, ','))
			break;
	}
	expect(parse, ']');
	put_text(parse, "]");
	return bytes;
}

/* {'descr': ..., 'fortran_order': ..., 'shape': ...}: each key once, in any order. */
static void get_dictionary(struct parse *parse, struct array *array)
{
	static const char *const keys[] = {"descr", "fortran_order", "shape"};
	unsigned seen = 0;

	expect(parse, '{');
	while (!parse->failed && !next_is(parse, '}')) {
		struct string key = get_string(parse);
		unsigned number = 0;
		while (number < 3 && (strlen(keys[number]) != key.size ||
					     memcmp(keys[number], key.text, key.size) != 0))
			number++;
		expect(parse, ':');
		if (number == 3 || (seen & 1U << number)) {
			fail(parse);
			return;
		}
		seen |= 1U << number;
		if (number == 0) {
			array->item_bytes = get_type(parse, 0);
		} else if (number == 1) {
			array->fortran_order = accept_word(parse, "True");
			if (!array->fortran_order && !accept_word(parse, "False"))
				fail(parse);
		} else {
			get_shape(parse, array);
		}
		if (!accept(parse, ','))
			break;
	}
	expect(parse, '}');
	skip_space(parse);
	if (seen != 7 || parse->at != parse->end)
		fail(parse);
}

bool npy_has_magic(const uint8_t *bytes, size_t size)
{
	static const char magic[] = "\x93NUMPY";

	return size >= sizeof(magic) - 1 && memcmp(bytes, magic, sizeof(magic) - 1) == 0;
}

size_t npy_header_size(const uint8_t *bytes, size_t size)
{
	if (size < 10 || !npy_has_magic(bytes, size) || bytes[7] != 0)
		return 0;
	size_t prefix = bytes[6] == 1 ? 10 : 12;
	if (bytes[6] < 1 || bytes[6] > 3 || size < prefix)
		return 0;
	size_t length = bytes[8] | (size_t)bytes[9] << 8;
	if (prefix == 12)
		length |= (size_t)bytes[10] << 16 | (size_t)bytes[11] << 24;
	return length <= NPY_HEADER_MAX - prefix ? prefix + length : 0;
}

enum npy_status npy_parse(
	const uint8_t *bytes, size_t size, uint64_t file_bytes, struct array *array, char *dtype)
{
	size_t header_size = npy_header_size(bytes, size);

	if (header_size == 0 || header_size > size)
		return NPY_DAMAGED;
	size_t prefix = bytes[6] == 1 ? 10 : 12;
	struct parse parse = {
		.at = (const char *)bytes + prefix,
		.end = (const char *)bytes + header_size,
		.latin1 = bytes[6] < 3,
		.out = dtype,
	};
	*array = (struct array){.data_offset = header_size};
	get_dictionary(&parse, array);
	if (parse.failed)
		return NPY_DAMAGED;
	if (parse.objects)
		return NPY_OBJECTS;
	array->dtype = dtype;
	array->dtype_size = parse.out_size <= ARRAY_DTYPE_MAX ? (uint32_t)parse.out_size : 0;
	uint64_t data_bytes;
	if (!array_is_sound(array, file_bytes) || !array_data_bytes(array, &data_bytes))
		return NPY_DAMAGED;
	return data_bytes < file_bytes - header_size ? NPY_TRAILING : NPY_ARRAY;
}
