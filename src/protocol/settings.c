// SPDX-License-Identifier: MIT

#include "protocol/settings.h"

#include "protocol/wire.h"
#include "util/cleanup.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* What is true or false, each a bit. */
enum flag {
	FLAG_NPY = 1 << 0,
	FLAG_PACK = 1 << 1,
	FLAG_IN_PLACE = 1 << 2,
	FLAG_UNCHECKED = 1 << 3,
	FLAG_ALIGNED = 1 << 4,
	FLAG_FULL_NAMES = 1 << 5,
	FLAG_SANDBOXED = 1 << 6,
	FLAG_ALL_REQUIRED = 1 << 7,
	FLAG_MEASURE = 1 << 8,
	FLAG_PASSWORD = 1 << 9,
	FLAG_ENCODING = 1 << 10,
	FLAG_RAW = 1 << 11,
	FLAG_IN_MEMORY = 1 << 12,
	FLAG_OWN_NAMES = 1 << 13,
	FLAG_REUSE = 1 << 14,
	FLAG_REUSE_UNCHECKED = 1 << 15,
	FLAGS_ALL = (1 << 16) - 1,
};

/* Bytes of all that is no text, without the rules. */
#define FIXED_BYTES ((size_t)512 + ARRAY_DIMENSIONS_MAX * sizeof(uint64_t))
/* Bytes of a rule, and of a text, besides the text's own. */
#define RULE_BYTES 1
#define TEXT_BYTES 5

void settings_put_head(uint8_t bytes[SETTINGS_HEAD_BYTES], const struct settings_head *head)
{
	struct wire_writer out;

	wire_writer_init(&out, bytes, SETTINGS_HEAD_BYTES);
	wire_put_u32(&out, head->parent);
	wire_put_u32(&out, head->size_bytes);
	wire_put_u8(&out, head->has_directory);
}

static bool get_flag(struct wire_reader *in)
{
	uint8_t value = wire_get_u8(in);

	if (value > 1)
		in->failed = true;
	return value == 1;
}

int settings_get_head(const void *bytes, size_t size, struct settings_head *head)
{
	struct wire_reader in;

	wire_reader_init(&in, bytes, size);
	head->parent = wire_get_u32(&in);
	head->size_bytes = wire_get_u32(&in);
	head->has_directory = get_flag(&in);
	if (!in.failed && in.left == 0 && head->size_bytes <= SETTINGS_MAX)
		return 0;
	errno = EBADMSG;
	return -1;
}

/* A text of any length, with its NUL, so that it can be used where it arrives. */
static void put_text(struct wire_writer *out, const char *text)
{
	size_t size = strlen(text) + 1;

	wire_put_u32(out, (uint32_t)size);
	if (out->failed || out->capacity - out->size < size) {
		out->failed = true;
		return;
	}
	memcpy(out->data + out->size, text, size);
	out->size += size;
}

static const char *get_text(struct wire_reader *in)
{
	uint32_t size = wire_get_u32(in);
	const char *text = (const char *)in->at;

	if (in->failed || size == 0 || size > in->left ||
		memchr(text, '\0', size) != text + size - 1) {
		in->failed = true;
		return "";
	}
	in->at += size;
	in->left -= size;
	return text;
}

static unsigned flags_of(const struct worker_settings *settings)
{
	return (settings->npy ? FLAG_NPY : 0U) | (settings->pack ? FLAG_PACK : 0U) |
	       (settings->in_place.wanted ? FLAG_IN_PLACE : 0U) |
	       (settings->in_place.unchecked ? FLAG_UNCHECKED : 0U) |
	       (settings->in_place.aligned ? FLAG_ALIGNED : 0U) |
	       (settings->full_names ? FLAG_FULL_NAMES : 0U) |
	       (settings->sandboxed ? FLAG_SANDBOXED : 0U) |
	       (settings->all_required ? FLAG_ALL_REQUIRED : 0U) |
	       (settings->measure ? FLAG_MEASURE : 0U) | (settings->password ? FLAG_PASSWORD : 0U) |
	       (settings->encoding ? FLAG_ENCODING : 0U) | (settings->raw ? FLAG_RAW : 0U) |
	       (settings->in_memory ? FLAG_IN_MEMORY : 0U) |
	       (settings->own_names ? FLAG_OWN_NAMES : 0U) |
	       (settings->reuse.wanted ? FLAG_REUSE : 0U) |
	       (settings->reuse.unchecked ? FLAG_REUSE_UNCHECKED : 0U);
}

static void put_raw(struct wire_writer *out, const struct raw_array *raw)
{
	put_text(out, raw->dtype.text);
	wire_put_u8(out, (uint8_t)raw->dimensions);
	/* Without dimensions, which one is open says nothing. */
	wire_put_u8(out, raw->dimensions > 0 ? (uint8_t)(raw->open + 1) : 0);
	for (unsigned i = 0; i < raw->dimensions; i++)
		wire_put_u64(out, raw->shape[i]);
}

static void get_raw(struct wire_reader *in, struct raw_array *raw)
{
	const char *dtype = get_text(in);

	*raw = (struct raw_array){.dimensions = wire_get_u8(in)};
	raw->open = wire_get_u8(in) - 1;
	/* The command line knows other words for a dtype; what is sent is NumPy's own. */
	if (in->failed || !rawarray_set_dtype(raw, dtype) || strcmp(raw->dtype.text, dtype) != 0 ||
		raw->dimensions > ARRAY_DIMENSIONS_MAX || raw->open >= (int)raw->dimensions) {
		in->failed = true;
		return;
	}
	for (unsigned i = 0; i < raw->dimensions; i++)
		raw->shape[i] = wire_get_u64(in);
	if ((raw->open >= 0 && raw->shape[raw->open] != 1) || !rawarray_is_possible(raw))
		in->failed = true;
}

static void put_settings(struct wire_writer *out, const struct worker_settings *settings)
{
	const struct filter *filter = &settings->filter;

	wire_put_u8(out, (uint8_t)settings->task);
	wire_put_u8(out, (uint8_t)settings->decoder);
	wire_put_u8(out, (uint8_t)settings->parts);
	wire_put_u8(out, (uint8_t)settings->sandbox);
	wire_put_u32(out, flags_of(settings));
	wire_put_u64(out, settings->limits.member_bytes);
	wire_put_u64(out, settings->limits.total_bytes);
	wire_put_u64(out, settings->limits.members);
	wire_put_u64(out, settings->limits.ratio);
	wire_put_u64(out, settings->limits.scratch_bytes);
	if (settings->password)
		put_text(out, settings->password);
	if (settings->encoding)
		put_text(out, settings->encoding);
	if (settings->raw)
		put_raw(out, settings->raw);
	wire_put_u32(out, (uint32_t)filter->count);
	for (size_t i = 0; i < filter->count; i++) {
		wire_put_u8(out, filter->rules[i].include);
		put_text(out, filter->rules[i].glob);
	}
}

/* As many bytes as @settings take, or some more. */
static size_t bytes_needed(const struct worker_settings *settings)
{
	size_t size = FIXED_BYTES;

	if (settings->password)
		size += strlen(settings->password);
	if (settings->encoding)
		size += strlen(settings->encoding);
	for (size_t i = 0; i < settings->filter.count; i++)
		size += RULE_BYTES + TEXT_BYTES + strlen(settings->filter.rules[i].glob);
	return size;
}

uint8_t *settings_encode(const struct worker_settings *settings, size_t *size)
{
	size_t capacity = bytes_needed(settings);
	struct wire_writer out;

	if (capacity > SETTINGS_MAX) {
		errno = E2BIG;
		return NULL;
	}
	uint8_t *bytes = malloc(capacity);
	if (!bytes)
		return NULL;
	wire_writer_init(&out, bytes, capacity);
	put_settings(&out, settings);
	if (out.failed) {
		free(bytes);
		errno = E2BIG;
		return NULL;
	}
	*size = out.size;
	return bytes;
}

/* Returns the flags; those that tell of a field which is there are the caller's. */
static unsigned get_flags(struct wire_reader *in, struct worker_settings *settings)
{
	unsigned flags = wire_get_u32(in);

	if (flags & ~(unsigned)FLAGS_ALL)
		in->failed = true;
	settings->npy = flags & FLAG_NPY;
	settings->pack = flags & FLAG_PACK;
	settings->in_place.wanted = flags & FLAG_IN_PLACE;
	settings->in_place.unchecked = flags & FLAG_UNCHECKED;
	settings->in_place.aligned = flags & FLAG_ALIGNED;
	settings->full_names = flags & FLAG_FULL_NAMES;
	settings->sandboxed = flags & FLAG_SANDBOXED;
	settings->all_required = flags & FLAG_ALL_REQUIRED;
	settings->measure = flags & FLAG_MEASURE;
	settings->in_memory = flags & FLAG_IN_MEMORY;
	settings->own_names = flags & FLAG_OWN_NAMES;
	settings->reuse.wanted = flags & FLAG_REUSE;
	settings->reuse.unchecked = flags & FLAG_REUSE_UNCHECKED;
	return flags;
}

/* Everything but the rules. */
static void get_settings(struct wire_reader *in, struct settings_decoded *decoded)
{
	struct worker_settings *settings = &decoded->settings;
	uint8_t task = wire_get_u8(in);
	uint8_t decoder = wire_get_u8(in);
	uint8_t parts = wire_get_u8(in);

	settings->sandbox = wire_get_u8(in);
	if (task >= TASK_KINDS || decoder >= DECODER_KINDS || parts >= PARTS_CHOICES ||
		settings->sandbox & ~(SANDBOX_LANDLOCK | SANDBOX_SECCOMP))
		in->failed = true;
	settings->task = (enum worker_task)task;
	settings->decoder = (enum decoder_choice)decoder;
	settings->parts = (enum parts_choice)parts;
	unsigned flags = get_flags(in, settings);
	settings->limits.member_bytes = wire_get_u64(in);
	settings->limits.total_bytes = wire_get_u64(in);
	settings->limits.members = wire_get_u64(in);
	settings->limits.ratio = wire_get_u64(in);
	settings->limits.scratch_bytes = wire_get_u64(in);
	if (flags & FLAG_PASSWORD)
		settings->password = get_text(in);
	if (flags & FLAG_ENCODING)
		settings->encoding = get_text(in);
	if (flags & FLAG_RAW) {
		get_raw(in, &decoded->raw);
		settings->raw = &decoded->raw;
	}
}

/* 0, or -1 with ENOMEM. */
static int get_rules(struct wire_reader *in, struct settings_decoded *decoded)
{
	size_t count = wire_get_u32(in);

	/* An empty glob has its NUL. */
	if (in->failed || count > in->left / (RULE_BYTES + TEXT_BYTES)) {
		in->failed = true;
		return 0;
	}
	if (count == 0)
		return 0;
	decoded->rules = calloc(count, sizeof(*decoded->rules));
	if (!decoded->rules)
		return -1;
	for (size_t i = 0; i < count; i++) {
		decoded->rules[i].include = get_flag(in);
		decoded->rules[i].glob = get_text(in);
	}
	decoded->settings.filter = (struct filter){decoded->rules, count};
	return 0;
}

int settings_decode(const void *bytes, size_t size, struct settings_decoded *decoded)
{
	struct wire_reader in;

	*decoded = (struct settings_decoded){.rules = NULL};
	wire_reader_init(&in, bytes, size);
	get_settings(&in, decoded);
	if (get_rules(&in, decoded) < 0)
		return -1;
	if (!in.failed && in.left == 0)
		return 0;
	settings_release(decoded);
	errno = EBADMSG;
	return -1;
}

void settings_release(struct settings_decoded *decoded)
{
	free(steal_pointer(&decoded->rules));
}
