// SPDX-License-Identifier: MIT

#include "worker/archive.h"

#include "worker/deadline.h"
#include "worker/endrecord.h"
#include "worker/source.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

struct archive {
	struct source *source;
	zip_t *zip;
};

static struct failure failure_from_libzip(zip_error_t *error)
{
	struct failure failure = {.numbers = {(uint64_t)zip_error_code_system(error), 0}};

	switch (zip_error_code_zip(error)) {
	case ZIP_ER_NOZIP:
	case ZIP_ER_INCONS:
	case ZIP_ER_INVAL: /* of a seek past the end of the file */
		failure.kind = FAILURE_BAD_DIRECTORY;
		break;
	case ZIP_ER_MULTIDISK:
		failure.kind = FAILURE_MULTI_DISK;
		break;
	case ZIP_ER_EOF:
		failure.kind = FAILURE_TRUNCATED;
		break;
	case ZIP_ER_MEMORY:
		failure.kind = FAILURE_NO_MEMORY;
		break;
	case ZIP_ER_CRC:
		failure.kind = FAILURE_CRC_MISMATCH;
		break;
	case ZIP_ER_COMPNOTSUPP:
		failure.kind = FAILURE_UNSUPPORTED_METHOD;
		break;
	case ZIP_ER_ENCRNOTSUPP:
	case ZIP_ER_NOPASSWD:
	case ZIP_ER_WRONGPASSWD:
		failure.kind = FAILURE_ENCRYPTED;
		break;
	case ZIP_ER_READ:
	case ZIP_ER_SEEK:
		/* A seek fails where a header states a place that no file has. */
		failure.kind = failure.numbers[0] && failure.numbers[0] != EFBIG
				       ? FAILURE_READ
				       : FAILURE_BAD_DIRECTORY;
		break;
	default:
		failure.kind = FAILURE_BAD_DATA;
		break;
	}
	return failure;
}

/* Let libzip read the directory, by what the source presents now. NULL with *@failure. */
static zip_t *open_zip(struct source *source, struct failure *failure)
{
	zip_error_t error;
	zip_t *zip = NULL;

	zip_error_init(&error);
	zip_source_t *libzip_source = source_for_libzip(source, &error);
	if (libzip_source)
		zip = zip_open_from_source(libzip_source, ZIP_RDONLY, &error);
	if (!zip) {
		*failure = failure_from_libzip(&error);
		if (libzip_source)
			zip_source_free(libzip_source);
	}
	zip_error_fini(&error);
	return zip;
}

/*
 * libzip has refused the directory. An archive with something before it gets a second chance with
 * its offsets set right; anything else gets the most telling failure.
 */
static zip_t *open_displaced(struct source *source, struct failure *failure)
{
	struct end_record end;

	if (end_record_find(source, &end) < 0) {
		*failure = (struct failure){FAILURE_READ, {(uint64_t)errno, 0}};
		return NULL;
	}
	if (!end.found) {
		failure->kind = end.starts_as_zip ? FAILURE_CUT_OFF : FAILURE_NOT_A_ZIP;
		return NULL;
	}
	if (end.base == 0)
		return NULL;
	source_set_base(source, end.base);
	return open_zip(source, failure);
}

struct archive *archive_open(int fd, struct failure *failure)
{
	struct source *source = source_new(fd, 0);
	struct archive *archive = malloc(sizeof(*archive));

	if (!source || !archive) {
		*failure = (struct failure){.kind = FAILURE_NO_MEMORY};
		goto fail;
	}
	archive->source = source;
	deadline_begin(source_size(source));
	archive->zip = open_zip(source, failure);
	if (!archive->zip && failure->kind == FAILURE_BAD_DIRECTORY)
		archive->zip = open_displaced(source, failure);
	deadline_end();
	if (!archive->zip)
		goto fail;
	*failure = (struct failure){.kind = FAILURE_NONE};
	return archive;
fail:
	source_free(source);
	free(archive);
	return NULL;
}

void archive_free(struct archive *archive)
{
	if (!archive)
		return;
	zip_discard(archive->zip);
	source_free(archive->source);
	free(archive);
}

uint64_t archive_size(const struct archive *archive)
{
	return source_size(archive->source);
}

uint64_t archive_entries(const struct archive *archive)
{
	return (uint64_t)zip_get_num_entries(archive->zip, 0);
}

void archive_member(const struct archive *archive, uint64_t index, struct member *member)
{
	zip_stat_t status;

	/* ENC_RAW: the name as it is; libzip would keep a converted copy of each. */
	zip_stat_init(&status);
	zip_stat_index(archive->zip, index, ZIP_FL_ENC_RAW, &status);
	*member = (struct member){
		.index = index,
		.size_bytes = status.size,
		.compressed_bytes = status.comp_size,
		.crc32 = status.crc,
		.method = status.comp_method,
		.encrypted = status.encryption_method != ZIP_EM_NONE,
		.name = status.name ? status.name : "",
	};
	member->name_size = (uint16_t)strlen(member->name);
	member->directory = member->name_size > 0 && member->name[member->name_size - 1] == '/';
}

/* libzip takes what it finds for a local header; whether it is one shows its signature. */
static bool is_local_header(struct source *source, uint64_t offset)
{
	uint8_t signature[4];

	return source_read_at(source, signature, 4, offset) == 4 &&
	       memcmp(signature, "PK\3\4", 4) == 0;
}

int member_data_open(struct archive *archive, const struct member *member, bool raw,
	struct member_data *data, struct failure *failure)
{
	uint8_t byte;

	*data = (struct member_data){.archive = archive};
	source_watch(archive->source);
	zip_file_t *file =
		zip_fopen_index(archive->zip, member->index, raw ? ZIP_FL_COMPRESSED : 0);
	if (!file) {
		*failure = failure_from_libzip(zip_get_error(archive->zip));
		if (failure->kind == FAILURE_UNSUPPORTED_METHOD)
			failure->numbers[0] = member->method;
		if (failure->kind == FAILURE_BAD_DIRECTORY)
			failure->kind = FAILURE_BAD_HEADER;
		return -1;
	}
	uint64_t header = source_first_seek(archive->source);
	if (header != SOURCE_NOWHERE && !is_local_header(archive->source, header)) {
		zip_fclose(file);
		*failure = (struct failure){.kind = FAILURE_BAD_HEADER};
		return -1;
	}
	if (!raw) {
		data->file = file;
		return 0;
	}

	/*
	 * Raw data need nothing more from libzip than to know where they start, which shows when
	 * it reads the first byte. Read by position from there on, they pass no layer that copies
	 * or checks them once more.
	 */
	bool found = member->compressed_bytes == 0 || zip_fread(file, &byte, 1) == 1;
	if (!found)
		*failure = failure_from_libzip(zip_file_get_error(file));
	zip_fclose(file);
	if (!found)
		return -1;
	data->offset = source_last_read(archive->source);
	data->left = member->compressed_bytes;
	if (data->left > 0 && data->left > source_size(archive->source) - data->offset) {
		*failure = (struct failure){.kind = FAILURE_TRUNCATED};
		return -1;
	}
	return 0;
}

static ssize_t read_raw(struct member_data *data, void *bytes, size_t size, struct failure *failure)
{
	if (size > data->left)
		size = (size_t)data->left;
	if (size == 0)
		return 0;
	ssize_t got = source_read_at(data->archive->source, bytes, size, data->offset);
	if (got < 0) {
		*failure = (struct failure){FAILURE_READ, {(uint64_t)errno, 0}};
		return -1;
	}
	if (got == 0) {
		*failure = (struct failure){.kind = FAILURE_TRUNCATED};
		return -1;
	}
	data->offset += (uint64_t)got;
	data->left -= (uint64_t)got;
	return got;
}

ssize_t member_data_read(
	struct member_data *data, void *bytes, size_t size, struct failure *failure)
{
	if (!data->file)
		return read_raw(data, bytes, size, failure);
	zip_int64_t got = zip_fread(data->file, bytes, size);
	if (got < 0)
		*failure = failure_from_libzip(zip_file_get_error(data->file));
	return (ssize_t)got;
}

void member_data_close(struct member_data *data)
{
	if (data->file)
		zip_fclose(data->file);
	data->file = NULL;
}
