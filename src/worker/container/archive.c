// SPDX-License-Identifier: MIT

#include "worker/container/archive.h"

#include "util/cleanup.h"
#include "worker/container/zipaes.h"
#include "worker/decode/buffer.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Of the central directory: what a unit's entries mostly take, and what the longest entry does. */
#define CURSOR_AHEAD  ((size_t)64 * 1024)
#define CURSOR_WINDOW ((size_t)256 * 1024)
static_assert(CURSOR_WINDOW >= ENTRY_SIZE_MAX + BUFFER_ALIGNMENT, "the longest entry fits");

/* Before a large member's data, which do not pass through the window. */
#define HEADER_AHEAD ((size_t)4 * 1024)

static int fail(struct failure *failure, enum failure_kind kind, int error)
{
	*failure = (struct failure){kind, {(uint64_t)error, 0}};
	return -1;
}

/* --- the archive ------------------------------------------------------------------------------ */

struct archive *archive_new(void)
{
	struct archive *archive = calloc(1, sizeof(*archive));

	if (archive && source_init(&archive->source) < 0)
		free(steal_pointer(&archive));
	return archive;
}

void archive_free(struct archive *archive)
{
	if (!archive)
		return;
	source_release(&archive->source);
	free(archive);
}

int archive_open(struct archive *archive, int fd, uint64_t size_bytes, struct failure *failure)
{
	static uint64_t opened;

	archive->password = NULL;
	archive->number = ++opened;
	source_open(&archive->source, fd, size_bytes);
	if (end_record_find(&archive->source, &archive->end, failure) == 0)
		return 0;
	archive_close(archive);
	return -1;
}

void archive_close(struct archive *archive)
{
	source_close(&archive->source);
}

bool archive_is_open(const struct archive *archive)
{
	return archive->source.fd >= 0;
}

uint64_t archive_size(const struct archive *archive)
{
	return archive->source.size_bytes - archive->end.base;
}

/* --- entries ---------------------------------------------------------------------------------- */

int cursor_init(struct cursor *cursor)
{
	cursor->archive = NULL;
	cursor->archive_number = 0;
	return window_init(&cursor->window, CURSOR_WINDOW);
}

void cursor_release(struct cursor *cursor)
{
	window_release(&cursor->window);
}

void cursor_set(struct cursor *cursor, struct archive *archive, uint64_t place, uint64_t index)
{
	/* What a window holds may be of an archive that was closed since. */
	if (cursor->archive_number != archive->number)
		window_clear(&cursor->window);
	cursor->archive = archive;
	cursor->archive_number = archive->number;
	cursor->place = place;
	cursor->index = index;
}

/* At least @least bytes of the central directory, the next ones. NULL with *@failure. */
static const uint8_t *view_entry(struct cursor *cursor, size_t least, struct failure *failure)
{
	struct archive *archive = cursor->archive;
	uint64_t at = archive->end.directory_at + cursor->place;
	size_t got;

	if (least > archive->end.directory_size - cursor->place) {
		fail(failure, FAILURE_BAD_DIRECTORY, 0);
		return NULL;
	}
	const uint8_t *bytes =
		source_view(&archive->source, &cursor->window, at, least, CURSOR_AHEAD, &got);
	if (!bytes)
		fail(failure, FAILURE_READ, errno);
	else if (got < least) /* it ended behind the directory when it was opened */
		fail(failure, FAILURE_ARCHIVE_CHANGED, 0);
	return bytes && got >= least ? bytes : NULL;
}

int cursor_next_raw(struct cursor *cursor, struct member *member, struct failure *failure)
{
	uint64_t directory_size = cursor->archive->end.directory_size;

	if (cursor->place == directory_size)
		return 0;
	if (cursor->place > directory_size)
		return fail(failure, FAILURE_BAD_DIRECTORY, 0);
	const uint8_t *entry = view_entry(cursor, ENTRY_HEADER_SIZE, failure);
	if (!entry)
		return -1;
	size_t size = entry_size(entry);
	if (size == 0)
		return fail(failure, FAILURE_BAD_DIRECTORY, 0);
	entry = view_entry(cursor, size, failure);
	if (!entry)
		return -1;
	entry_parse(entry, member);
	member->index = cursor->index++;
	cursor->place += size;
	return 1;
}

int cursor_next(struct cursor *cursor, struct member *member, struct failure *failure)
{
	int got = cursor_next_raw(cursor, member, failure);

	if (got <= 0)
		return got;
	memcpy(cursor->name, member->name, member->name_size);
	cursor->name[member->name_size] = '\0';
	member->name = cursor->name;
	return 1;
}

/* --- data ------------------------------------------------------------------------------------- */

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

/*
 * Find the data of @member by its local header, of which nothing else counts: the directory states
 * it all. 0, or -1 with *@failure.
 */
static int find_data(const struct member *member, struct member_data *data, struct failure *failure)
{
	struct archive *archive = data->archive;
	struct source *source = &archive->source;
	uint64_t size = source->size_bytes;
	size_t ahead =
		member->compressed_bytes < SOURCE_WINDOW_SIZE ? SOURCE_WINDOW_SIZE : HEADER_AHEAD;
	size_t got;

	if (member->header_offset > size - archive->end.base)
		return fail(failure, FAILURE_BAD_HEADER, 0);
	uint64_t at = archive->end.base + member->header_offset;
	const uint8_t *header =
		source_view(source, &source->window, at, LOCAL_HEADER_SIZE, ahead, &got);
	if (!header)
		return fail(failure, FAILURE_READ, errno);
	size_t header_size = got < LOCAL_HEADER_SIZE ? 0 : local_header_size(header);
	if (header_size == 0 || header_size > size - at)
		return fail(failure, FAILURE_BAD_HEADER, 0);
	if (member->compressed_bytes > size - at - header_size)
		return fail(failure, FAILURE_TRUNCATED, 0);
	data->offset = at + header_size;
	data->left = member->compressed_bytes;
	return 0;
}

/* Take the first @size bytes of the data, unless less than @least follow. 0, or -1 with *@failure.
 */
static int take_header(struct member_data *data, uint8_t *header, size_t size, size_t least,
	struct failure *failure)
{
	if (data->left < size + least)
		return fail(failure, FAILURE_TRUNCATED, 0);
	ssize_t got = source_read(&data->archive->source, header, size, data->offset);
	if (got < 0)
		return fail(failure, FAILURE_READ, errno);
	if ((size_t)got < size)
		return fail(failure, FAILURE_TRUNCATED, 0);
	data->offset += size;
	data->left -= size;
	return 0;
}

static int open_aes(struct member_data *data, unsigned bits, struct failure *failure)
{
	const char *password = data->archive->password;
	uint8_t header[ZIPAES_HEADER_MAX];
	bool wrong;

	if (take_header(data, header, zipaes_header_size(bits), ZIPAES_CODE_SIZE, failure) < 0)
		return -1;
	data->left -= ZIPAES_CODE_SIZE;
	data->aes = zipaes_new(bits, password, strlen(password), header, &wrong);
	if (data->aes)
		return 0;
	return fail(failure, wrong ? FAILURE_WRONG_PASSWORD : FAILURE_NO_MEMORY, 0);
}

static int open_zipcrypto(
	struct member_data *data, const struct member *member, struct failure *failure)
{
	const char *password = data->archive->password;
	uint8_t header[ZIPCRYPTO_HEADER_SIZE];

	if (take_header(data, header, sizeof(header), 0, failure) < 0)
		return -1;
	data->zipcrypto = zipcrypto_init(
		&data->crypto, password, strlen(password), header, member->password_checks);
	return data->zipcrypto ? 0 : fail(failure, FAILURE_WRONG_PASSWORD, 0);
}

int member_data_open(struct archive *archive, const struct member *member, struct member_data *data,
	struct failure *failure)
{
	unsigned bits = aes_bits(member->encryption);

	*data = (struct member_data){.archive = archive};
	if (member->fault != FAILURE_NONE)
		return fail(failure, member->fault, 0);
	if (member->encrypted && !archive->password)
		return fail(failure, FAILURE_ENCRYPTED, 0);
	if (find_data(member, data, failure) < 0)
		return -1;
	if (bits > 0)
		return open_aes(data, bits, failure);
	return member->encrypted ? open_zipcrypto(data, member, failure) : 0;
}

/* All encrypted data are read: whether they are authentic. 0, or -1 with *@failure. */
static int finish_aes(struct member_data *data, struct failure *failure)
{
	uint8_t code[ZIPAES_CODE_SIZE];
	ssize_t got = source_read(&data->archive->source, code, sizeof(code), data->offset);
	bool authentic = got == sizeof(code) && zipaes_is_authentic(data->aes, code);

	zipaes_free(steal_pointer(&data->aes));
	return authentic ? 0 : fail(failure, FAILURE_DECRYPTED, 0);
}

ssize_t member_data_read(
	struct member_data *data, void *bytes, size_t size, struct failure *failure)
{
	if (size > data->left)
		size = (size_t)data->left;
	if (size == 0)
		return data->aes ? finish_aes(data, failure) : 0;
	ssize_t got = source_read(&data->archive->source, bytes, size, data->offset);
	if (got < 0)
		return fail(failure, FAILURE_READ, errno);
	if (got == 0)
		return fail(failure, FAILURE_TRUNCATED, 0);
	data->offset += (uint64_t)got;
	data->left -= (uint64_t)got;
	if (data->aes)
		zipaes_decrypt(data->aes, bytes, (size_t)got);
	if (data->zipcrypto)
		zipcrypto_decrypt(&data->crypto, bytes, (size_t)got);
	return got;
}

void member_data_close(struct member_data *data)
{
	zipaes_free(steal_pointer(&data->aes));
	data->zipcrypto = false;
	explicit_bzero(&data->crypto, sizeof(data->crypto));
}
