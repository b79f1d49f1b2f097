// SPDX-License-Identifier: MIT

#include "archive.h"

#include "util/cleanup.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* A member that libzip reads from. The stream of values exists only while it does: an archive can
 * have a hundred thousand of these. */
struct member {
	const struct member_settings *settings;
	uint64_t key;
	uint64_t size_bytes;
	uint64_t left_bytes;
	struct values *values;
	zip_error_t error;
};

static zip_int64_t member_open(struct member *member)
{
	member->values =
		values_new(member->settings->values, member->settings->columns, member->key);
	if (!member->values) {
		zip_error_set(&member->error, ZIP_ER_MEMORY, 0);
		return -1;
	}
	member->left_bytes = member->size_bytes;
	return 0;
}

static void member_close(struct member *member)
{
	values_free(member->values);
	member->values = NULL;
}

static zip_int64_t member_read(struct member *member, void *data, zip_uint64_t size)
{
	if (size > member->left_bytes)
		size = member->left_bytes;
	values_read(member->values, data, (size_t)size);
	member->left_bytes -= size;
	return (zip_int64_t)size;
}

/* 2020-01-01 12:00 wherever one is, as archives hold local time (APPNOTE 4.4.6): the time of the
 * run would make two runs differ, and at noon no time zone's clock is put forward. */
static time_t modified(void)
{
	struct tm noon = {.tm_year = 2020 - 1900, .tm_mon = 0, .tm_mday = 1, .tm_hour = 12};

	noon.tm_isdst = -1;
	return mktime(&noon);
}

static zip_int64_t member_stat(struct member *member, void *data, zip_uint64_t size)
{
	zip_stat_t *status = ZIP_SOURCE_GET_ARGS(zip_stat_t, data, size, &member->error);

	if (!status)
		return -1;
	zip_stat_init(status);
	status->size = member->size_bytes;
	/* ZipCrypto's check byte comes from this time too, so zip_file_set_mtime() will not do. */
	status->mtime = modified();
	status->valid = ZIP_STAT_SIZE | ZIP_STAT_MTIME;
	return sizeof(*status);
}

static void member_free(struct member *member)
{
	member_close(member);
	zip_error_fini(&member->error);
	free(member);
}

/* libzip's protocol of sources: zip_source_function(3). */
static zip_int64_t member_source(
	void *context, void *data, zip_uint64_t size, zip_source_cmd_t command)
{
	struct member *member = context;

	switch (command) {
	case ZIP_SOURCE_SUPPORTS:
		return zip_source_make_command_bitmap(ZIP_SOURCE_OPEN, ZIP_SOURCE_READ,
			ZIP_SOURCE_CLOSE, ZIP_SOURCE_STAT, ZIP_SOURCE_ERROR, ZIP_SOURCE_FREE, -1);
	case ZIP_SOURCE_OPEN:
		return member_open(member);
	case ZIP_SOURCE_READ:
		return member_read(member, data, size);
	case ZIP_SOURCE_CLOSE:
		member_close(member);
		return 0;
	case ZIP_SOURCE_STAT:
		return member_stat(member, data, size);
	case ZIP_SOURCE_ERROR:
		return zip_error_to_data(&member->error, data, size);
	case ZIP_SOURCE_FREE:
		member_free(member);
		return 0;
	default:
		zip_error_set(&member->error, ZIP_ER_OPNOTSUPP, 0);
		return -1;
	}
}

/* A source for member @index of the plan; NULL with @error set. */
static zip_source_t *source_new(const struct archive_plan *plan,
	const struct member_settings *settings, uint64_t index, zip_error_t *error)
{
	cleanup_free struct member *member = calloc(1, sizeof(*member));

	if (!member) {
		zip_error_set(error, ZIP_ER_MEMORY, 0);
		return NULL;
	}
	zip_error_init(&member->error);
	member->settings = settings;
	member->key = values_key(settings->seed, plan->number, index);
	member->size_bytes = settings->size_bytes;
	if (settings->size_bytes == SIZE_OF_ROWS &&
		values_measure(settings->values, settings->columns, member->key,
			settings->rows * settings->columns, &member->size_bytes)) {
		zip_error_set(error, errno == ENOMEM ? ZIP_ER_MEMORY : ZIP_ER_INVAL, 0);
		return NULL;
	}

	zip_source_t *source = zip_source_function_create(member_source, member, error);
	if (source)
		steal_pointer(&member);
	return source;
}

static int digits_of(uint64_t number)
{
	int digits = 1;

	while (number /= 10)
		digits++;
	return digits;
}

/* The name of member @index, which the caller frees; NULL without memory. */
static char *member_name(const struct archive_plan *plan, uint64_t index)
{
	char *name = NULL;
	int written;

	if (plan->members == 1)
		written = asprintf(&name, "%s.dat", plan->stem);
	else
		written = asprintf(&name, "%s_%0*" PRIu64 ".dat", plan->stem,
			digits_of(plan->members), index + 1);
	return written < 0 ? NULL : name;
}

/* 0, or -1 with the archive's error set. */
static int add_member(zip_t *zip, const struct archive_plan *plan,
	const struct member_settings *settings, uint64_t index)
{
	cleanup_free char *name = member_name(plan, index);
	bool encrypted = plan->encrypted_member == ALL_MEMBERS || plan->encrypted_member == index;

	if (!name) {
		zip_error_set(zip_get_error(zip), ZIP_ER_MEMORY, 0);
		return -1;
	}
	zip_source_t *source = source_new(plan, settings, index, zip_get_error(zip));
	if (!source)
		return -1;
	zip_int64_t added = zip_file_add(zip, name, source, 0);
	if (added < 0) {
		zip_source_free(source);
		return -1;
	}
	zip_uint64_t place = (zip_uint64_t)added;
	if (zip_set_file_compression(zip, place, settings->method, settings->level))
		return -1;
	if (!encrypted || settings->encryption == ZIP_EM_NONE)
		return 0;
	return zip_file_set_encryption(
		zip, place, (zip_uint16_t)settings->encryption, settings->password);
}

/* Keep the archive's error for the caller, and drop the archive. */
static int give_up(zip_t *zip, zip_error_t *error)
{
	zip_error_t *cause = zip_get_error(zip);

	zip_error_set(error, zip_error_code_zip(cause), zip_error_code_system(cause));
	zip_discard(zip);
	return -1;
}

int archive_write(
	const struct archive_plan *plan, const struct member_settings *settings, zip_error_t *error)
{
	int code;
	zip_t *zip = zip_open(plan->path, ZIP_CREATE | ZIP_TRUNCATE, &code);

	if (!zip) {
		zip_error_set(error, code, errno);
		return -1;
	}
	for (uint64_t i = 0; i < plan->members; i++) {
		if (add_member(zip, plan, settings, i))
			return give_up(zip, error);
	}
	if (zip_close(zip))
		return give_up(zip, error);
	return 0;
}
