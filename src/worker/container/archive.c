// SPDX-License-Identifier: MIT

#include "worker/container/archive.h"

#include "util/cleanup.h"
#include "worker/container/endrecord.h"
#include "worker/container/source.h"
#include "worker/container/zipaes.h"
#include "worker/deadline.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <zip.h>

struct archive {
	struct source *source;
	zip_t *zip;
	const char *password; /* not owned; or NULL */
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
		failure.kind = FAILURE_UNSUPPORTED_ENCRYPTION;
		break;
	case ZIP_ER_NOPASSWD:
		failure.kind = FAILURE_ENCRYPTED;
		break;
	case ZIP_ER_WRONGPASSWD:
		failure.kind = FAILURE_WRONG_PASSWORD;
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
 * Read the directory that the last end record leads to. libzip takes any that is consistent: that
 * of another archive before it, if that is near enough. NULL with *@failure.
 */
static zip_t *open_directory(struct source *source, struct failure *failure)
{
	struct end_record end;

	if (end_record_find(source, &end) < 0) {
		*failure = (struct failure){FAILURE_READ, {(uint64_t)errno, 0}};
		return NULL;
	}
	source_set_base(source, end.base);
	zip_t *zip = open_zip(source, failure);
	if (!zip && failure->kind == FAILURE_BAD_DIRECTORY && end.base > 0) {
		source_set_base(source, 0);
		zip = open_zip(source, failure);
	}
	if (!zip && failure->kind == FAILURE_BAD_DIRECTORY && !end.found)
		failure->kind = end.starts_as_zip ? FAILURE_CUT_OFF : FAILURE_NOT_A_ZIP;
	return zip;
}

struct archive *archive_open(int fd, struct failure *failure)
{
	struct source *source = source_new(fd, 0);
	int error = errno;
	struct archive *archive = malloc(sizeof(*archive));

	if (!archive || (!source && error == ENOMEM)) {
		*failure = (struct failure){.kind = FAILURE_NO_MEMORY};
		goto fail;
	}
	if (!source) {
		*failure = (struct failure){FAILURE_READ, {(uint64_t)error, 0}};
		goto fail;
	}
	archive->source = source;
	archive->password = NULL;
	if (source_size(source) == 0) {
		/* It had bytes when it was given out; to libzip, none are an empty archive. */
		*failure = (struct failure){.kind = FAILURE_NOT_A_ZIP};
		goto fail;
	}
	deadline_begin(source_size(source));
	archive->zip = open_directory(source, failure);
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

void archive_set_password(struct archive *archive, const char *password)
{
	archive->password = password;
}

uint64_t archive_size(const struct archive *archive)
{
	return source_size(archive->source);
}

uint64_t archive_base(const struct archive *archive)
{
	return source_base(archive->source);
}

uint64_t archive_entries(const struct archive *archive)
{
	return (uint64_t)zip_get_num_entries(archive->zip, 0);
}

static enum encryption encryption_of(uint16_t method)
{
	switch (method) {
	case ZIP_EM_NONE:
		return ENCRYPTION_NONE;
	case ZIP_EM_TRAD_PKWARE:
		return ENCRYPTION_ZIPCRYPTO;
	case ZIP_EM_AES_128:
		return ENCRYPTION_AES_128;
	case ZIP_EM_AES_192:
		return ENCRYPTION_AES_192;
	case ZIP_EM_AES_256:
		return ENCRYPTION_AES_256;
	default:
		return ENCRYPTION_UNKNOWN;
	}
}

/* Bits of the key; 0: this is not AES. */
static unsigned aes_bits(enum encryption encryption)
{
	switch (encryption) {
	case ENCRYPTION_AES_128:
		return 128;
	case ENCRYPTION_AES_192:
		return 192;
	case ENCRYPTION_AES_256:
		return 256;
	default:
		return 0;
	}
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
		.time = status.mtime > 0 ? (uint64_t)status.mtime : 0,
		.method = status.comp_method,
		.encryption = encryption_of(status.encryption_method),
		.name = status.name ? status.name : "",
	};
	member->encrypted = member->encryption != ENCRYPTION_NONE;
	/* Version 2 of the AES extra field states 0; libzip does not tell the version. */
	member->crc_unstated = aes_bits(member->encryption) > 0 && member->crc32 == 0;
	member->name_size = (uint16_t)strlen(member->name);
	member->directory = member->name_size > 0 && member->name[member->name_size - 1] == '/';
}

bool archive_name_is_utf8(const struct archive *archive, uint64_t index)
{
	/* Strictly by the standard, libzip converts what is not stated to be UTF-8. */
	return zip_get_name(archive->zip, index, ZIP_FL_ENC_STRICT) ==
	       zip_get_name(archive->zip, index, ZIP_FL_ENC_RAW);
}

/* libzip takes what it finds for a local header; whether it is one shows its signature. */
static bool is_local_header(struct source *source, uint64_t offset)
{
	uint8_t signature[4];

	return source_read_at(source, signature, 4, offset) == 4 &&
	       memcmp(signature, "PK\3\4", 4) == 0;
}

/* Take what is before and after the data of an AES member, whose raw bytes @data is set to. */
static int open_aes(struct member_data *data, unsigned bits, struct failure *failure)
{
	const char *password = data->archive->password;
	size_t header_size = zipaes_header_size(bits);
	uint8_t header[ZIPAES_HEADER_MAX];
	bool wrong;

	if (data->left < header_size + ZIPAES_CODE_SIZE ||
		source_read_at(data->archive->source, header, header_size, data->offset) !=
			(ssize_t)header_size) {
		failure->kind = FAILURE_TRUNCATED;
		return -1;
	}
	data->offset += header_size;
	data->left -= header_size + ZIPAES_CODE_SIZE;
	data->aes = zipaes_new(bits, password, strlen(password), header, &wrong);
	if (!data->aes)
		failure->kind = wrong ? FAILURE_WRONG_PASSWORD : FAILURE_NO_MEMORY;
	return data->aes ? 0 : -1;
}

int member_data_open(struct archive *archive, const struct member *member, bool raw,
	struct member_data *data, struct failure *failure)
{
	unsigned bits = raw ? aes_bits(member->encryption) : 0;
	zip_flags_t flags = (raw ? ZIP_FL_COMPRESSED : 0U) | (bits > 0 ? ZIP_FL_ENCRYPTED : 0U);
	uint8_t byte;

	*data = (struct member_data){.archive = archive};
	if (member->encrypted && !archive->password) {
		*failure = (struct failure){.kind = FAILURE_ENCRYPTED};
		return -1;
	}
	source_watch(archive->source);
	zip_file_t *file =
		zip_fopen_index_encrypted(archive->zip, member->index, flags, archive->password);
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
	if (!raw || (member->encrypted && bits == 0)) {
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
	return bits > 0 ? open_aes(data, bits, failure) : 0;
}

/* All encrypted data are read: whether they are authentic. 0, or -1 with *@failure. */
static int finish_aes(struct member_data *data, struct failure *failure)
{
	uint8_t code[ZIPAES_CODE_SIZE];
	ssize_t got = source_read_at(data->archive->source, code, sizeof(code), data->offset);
	bool authentic = got == sizeof(code) && zipaes_is_authentic(data->aes, code);

	zipaes_free(steal_pointer(&data->aes));
	if (!authentic)
		*failure = (struct failure){.kind = FAILURE_DECRYPTED};
	return authentic ? 0 : -1;
}

static ssize_t read_raw(struct member_data *data, void *bytes, size_t size, struct failure *failure)
{
	if (size > data->left)
		size = (size_t)data->left;
	if (size == 0)
		return data->aes ? finish_aes(data, failure) : 0;
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
	if (data->aes)
		zipaes_decrypt(data->aes, bytes, (size_t)got);
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
	zipaes_free(steal_pointer(&data->aes));
}
