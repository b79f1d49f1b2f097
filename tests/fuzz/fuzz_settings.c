// SPDX-License-Identifier: MIT

/*
 * Settings of a worker. What is understood is the same after it was encoded and decoded again, and
 * has no value that the worker would not know what to do with.
 */

#include "fuzz.h"
#include "protocol/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void check_values(const struct worker_settings *settings)
{
	MUST(settings->task < TASK_KINDS && settings->decoder < DECODER_KINDS);
	MUST(settings->parts < PARTS_CHOICES);
	MUST((settings->sandbox & ~(SANDBOX_LANDLOCK | SANDBOX_SECCOMP)) == 0);
	for (size_t i = 0; i < settings->filter.count; i++)
		filter_wants(&settings->filter, settings->filter.rules[i].glob);
	if (settings->raw) {
		MUST(rawarray_is_given(settings->raw) && rawarray_is_possible(settings->raw));
		MUST(settings->raw->dimensions <= ARRAY_DIMENSIONS_MAX);
		MUST(settings->raw->open < (int)settings->raw->dimensions);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct settings_decoded decoded;
	struct settings_decoded again;
	struct settings_head head;
	uint8_t bytes[SETTINGS_HEAD_BYTES];
	size_t first;
	size_t second;

	if (settings_get_head(data, size, &head) == 0) {
		settings_put_head(bytes, &head);
		MUST(size == sizeof(bytes) && memcmp(bytes, data, size) == 0);
	}
	if (settings_decode(data, size, &decoded) < 0) {
		MUST(errno == EBADMSG);
		return 0;
	}
	check_values(&decoded.settings);
	uint8_t *once = settings_encode(&decoded.settings, &first);
	MUST(once && first <= size);
	MUST(settings_decode(once, first, &again) == 0);
	uint8_t *twice = settings_encode(&again.settings, &second);
	MUST(twice && second == first && memcmp(once, twice, first) == 0);
	settings_release(&decoded);
	settings_release(&again);
	free(once);
	free(twice);
	return 0;
}
