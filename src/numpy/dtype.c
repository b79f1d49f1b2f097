// SPDX-License-Identifier: MIT

#include "numpy/dtype.h"

#include <stdio.h>
#include <string.h>

/* Names of types without a size of their own; of this machine, where they leave the order open. */
static const struct {
	const char *name;
	const char *text;
} names[] = {
	{"bool", "b1"},
	{"?", "b1"},
	{"int8", "i1"},
	{"int16", "i2"},
	{"int32", "i4"},
	{"int64", "i8"},
	{"uint8", "u1"},
	{"uint16", "u2"},
	{"uint32", "u4"},
	{"uint64", "u8"},
	{"float16", "f2"},
	{"float32", "f4"},
	{"float64", "f8"},
	{"half", "f2"},
	{"single", "f4"},
	{"double", "f8"},
	{"int", "i8"},
	{"float", "f8"},
	{"complex", "c16"},
	{"complex64", "c8"},
	{"complex128", "c16"},
	{"float128", "f16"},
	{"longdouble", "f16"},
	{"complex256", "c32"},
	{"datetime64", "M8"},
	{"timedelta64", "m8"},
	{"object", "O"},
};

/* The sizes that a kind of items may have; "" for any. */
static const struct {
	char kind;
	const char *sizes; /* as characters */
} kinds[] = {
	{'b', "\1"},
	{'i', "\1\2\4\10"},
	{'u', "\1\2\4\10"},
	{'f', "\2\4\10\20"},
	{'c', "\10\20\40"},
	{'m', "\10"},
	{'M', "\10"},
	{'O', "\4\10"},
	{'S', ""},
	{'U', ""},
	{'V', ""},
};

/* Units of dates and time spans. */
static const char *const units[] = {
	"Y", "M", "W", "D", "h", "m", "s", "ms", "us", "ns", "ps", "fs", "as"};

struct text {
	const char *at;
	size_t left;
};

static bool take(struct text *text, char c)
{
	if (text->left == 0 || *text->at != c)
		return false;
	text->at++;
	text->left--;
	return true;
}

/* Digits without a zero in front, up to a number of 31 bits. False where there are none. */
static bool take_number(struct text *text, uint64_t *number)
{
	size_t digits = 0;

	*number = 0;
	while (digits < text->left && text->at[digits] >= '0' && text->at[digits] <= '9') {
		*number = *number * 10 + (uint64_t)(text->at[digits++] - '0');
		if (*number > INT32_MAX)
			return false;
	}
	if (digits == 0 || (digits > 1 && text->at[0] == '0'))
		return false;
	text->at += digits;
	text->left -= digits;
	return true;
}

/* "[ns]" or "[25s]" */
static bool take_unit(struct text *text)
{
	uint64_t count;

	if (!take(text, '['))
		return false;
	if (text->left > 0 && *text->at >= '0' && *text->at <= '9' &&
		(!take_number(text, &count) || count == 0))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		size_t size = strlen(units[i]);
		if (text->left == size + 1 && memcmp(text->at, units[i], size) == 0 &&
			text->at[size] == ']') {
			text->left = 0;
			return true;
		}
	}
	return false;
}

static bool is_size(const char *sizes, uint64_t size)
{
	return *sizes == '\0' || (size > 0 && size < 128 && strchr(sizes, (int)size));
}

static bool parse_code(struct text text, struct dtype *dtype)
{
	char order = '=';
	uint64_t size;
	size_t kind = 0;

	if (text.left > 0 && strchr("<>|=", *text.at)) {
		order = *text.at;
		take(&text, order);
	}
	if (text.left == 0)
		return false;
	char letter = *text.at;
	if (letter == 'a')
		letter = 'S';
	while (kind < sizeof(kinds) / sizeof(kinds[0]) && kinds[kind].kind != letter)
		kind++;
	if (kind == sizeof(kinds) / sizeof(kinds[0]))
		return false;
	take(&text, *text.at);
	if (letter == 'O') {
		dtype->objects = true;
		dtype->item_bytes = sizeof(void *);
		strcpy(dtype->text, "|O");
		return text.left == 0 || (take_number(&text, &size) && text.left == 0);
	}
	if (!take_number(&text, &size) || !is_size(kinds[kind].sizes, size))
		return false;
	const char *unit = text.at;
	size_t unit_size = text.left;
	if (unit_size > 0 && ((letter != 'm' && letter != 'M') || !take_unit(&text)))
		return false;
	dtype->item_bytes = letter == 'U' ? 4 * size : size;
	if (strchr("SV", letter) || (letter != 'U' && size == 1))
		order = '|';
	else if (order == '=' || order == '|')
		order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '<' : '>';
	snprintf(dtype->text, sizeof(dtype->text), "%c%c%u%.*s", order, letter, (unsigned)size,
		(int)unit_size, unit);
	return true;
}

bool dtype_parse(const char *text, size_t size, struct dtype *dtype)
{
	char code[DTYPE_TEXT_MAX];

	*dtype = (struct dtype){.text = ""};
	if (size > DTYPE_TEXT_MAX - 2 || memchr(text, '\0', size))
		return false;
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		size_t name = strlen(names[i].name);
		/* A unit may follow; whether this type has one is seen then. */
		if (size < name || memcmp(names[i].name, text, name) != 0 ||
			(size > name && text[name] != '['))
			continue;
		int made = snprintf(code, sizeof(code), "%s%.*s", names[i].text, (int)(size - name),
			text + name);
		return parse_code((struct text){code, (size_t)made}, dtype);
	}
	return parse_code((struct text){text, size}, dtype);
}
