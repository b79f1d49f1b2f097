// SPDX-License-Identifier: MIT

#include "numpy/dtype.h"

#include <stdio.h>
#include <string.h>

/* Names, and the codes that they stand for, in the byte order of this machine. */
static const struct {
	const char *name;
	const char code[4];
} names[] = {
	{"bool", "b1"},
	{"bool_", "b1"},
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
	{"float128", "f16"},
	{"complex64", "c8"},
	{"complex128", "c16"},
	{"complex256", "c32"},
	{"half", "e"},
	{"single", "f"},
	{"double", "d"},
	{"longdouble", "g"},
	{"csingle", "F"},
	{"cdouble", "D"},
	{"clongdouble", "G"},
	{"float", "d"},
	{"complex", "D"},
	{"byte", "b"},
	{"ubyte", "B"},
	{"short", "h"},
	{"ushort", "H"},
	{"intc", "i"},
	{"uintc", "I"},
	{"int", "l"},
	{"uint", "L"},
	{"long", "l"},
	{"ulong", "L"},
	{"longlong", "q"},
	{"ulonglong", "Q"},
	{"intp", "p"},
	{"uintp", "P"},
	{"datetime64", "M8"},
	{"timedelta64", "m8"},
	{"str", "U"},
	{"str_", "U"},
	{"bytes", "S"},
	{"bytes_", "S"},
	{"void", "V"},
	{"object", "O"},
	{"object_", "O"},
};

/* One-letter codes (numpy.dtype.char) of NumPy 1 and 2, which stand for a kind and a size. */
static const struct {
	char letter;
	char kind;
	uint8_t size;
} letters[] = {
	{'?', 'b', 1},
	{'b', 'i', 1},
	{'B', 'u', 1},
	{'h', 'i', sizeof(short)},
	{'H', 'u', sizeof(short)},
	{'i', 'i', sizeof(int)},
	{'I', 'u', sizeof(int)},
	{'l', 'i', sizeof(long)},
	{'L', 'u', sizeof(long)},
	{'q', 'i', sizeof(long long)},
	{'Q', 'u', sizeof(long long)},
	{'p', 'i', sizeof(void *)},
	{'P', 'u', sizeof(void *)},
	{'n', 'i', sizeof(size_t)},
	{'N', 'u', sizeof(size_t)},
	{'e', 'f', 2},
	{'f', 'f', sizeof(float)},
	{'d', 'f', sizeof(double)},
	{'g', 'f', sizeof(long double)},
	{'F', 'c', 2 * sizeof(float)},
	{'D', 'c', 2 * sizeof(double)},
	{'G', 'c', 2 * sizeof(long double)},
	{'m', 'm', 8},
	{'M', 'M', 8},
	{'c', 'S', 1},
	{'a', 'S', 0},
	{'S', 'S', 0},
	{'U', 'U', 0},
	{'V', 'V', 0},
};

/* The sizes that items of a kind may have. "" stands for any size. */
static const struct {
	char kind;
	const char *sizes; /* each size is a character */
} kinds[] = {
	{'b', "\1"},
	{'i', "\1\2\4\10"},
	{'u', "\1\2\4\10"},
	{'f', "\2\4\10\20"},
	{'c', "\10\20\40"},
	{'m', "\10"},
	{'M', "\10"},
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

/* Take a number of at most 31 bits without leading zeros. False if there is none. */
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

/* A letter alone, such as "d", or a kind with its size, such as "f8". */
static bool take_kind(struct text *text, char *kind, uint64_t *size)
{
	if (text->left == 0)
		return false;
	*kind = *text->at;
	for (size_t i = 0; text->left == 1 && i < sizeof(letters) / sizeof(letters[0]); i++) {
		if (letters[i].letter == *kind) {
			*kind = letters[i].kind;
			*size = letters[i].size;
			return take(text, *text->at);
		}
	}
	take(text, *kind);
	if (*kind == 'a')
		*kind = 'S';
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (kinds[i].kind == *kind)
			return take_number(text, size) && is_size(kinds[i].sizes, *size);
	}
	return false;
}

/* "O", which may be followed by the size of a pointer on the machine that wrote it. */
static bool parse_objects(struct text text, struct dtype *dtype)
{
	uint64_t size;

	if (!take(&text, 'O'))
		return false;
	if (text.left > 0 &&
		(!take_number(&text, &size) || (size != 4 && size != 8) || text.left > 0))
		return false;
	dtype->objects = true;
	dtype->item_bytes = sizeof(void *);
	strcpy(dtype->text, "|O");
	return true;
}

static bool parse_code(struct text text, struct dtype *dtype)
{
	char order = '=';
	char kind;
	uint64_t size;

	if (text.left > 0 && strchr("<>|=", *text.at)) {
		order = *text.at;
		take(&text, order);
	}
	if (parse_objects(text, dtype))
		return true;
	if (!take_kind(&text, &kind, &size))
		return false;
	struct text unit = text;
	if (unit.left > 0 && ((kind != 'm' && kind != 'M') || !take_unit(&text)))
		return false;
	dtype->item_bytes = kind == 'U' ? 4 * size : size;
	if (strchr("SV", kind) || (kind != 'U' && size == 1))
		order = '|';
	else if (order == '=' || order == '|')
		order = __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? '<' : '>';
	snprintf(dtype->text, sizeof(dtype->text), "%c%c%u%.*s", order, kind, (unsigned)size,
		(int)unit.left, unit.at);
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
		/* A unit may follow. parse_code() checks if this type has one. */
		if (size < name || memcmp(names[i].name, text, name) != 0 ||
			(size > name && text[name] != '['))
			continue;
		int made = snprintf(code, sizeof(code), "%s%.*s", names[i].code, (int)(size - name),
			text + name);
		return parse_code((struct text){code, (size_t)made}, dtype);
	}
	return parse_code((struct text){text, size}, dtype);
}
