// SPDX-License-Identifier: MIT

#include "worker/decode/decode.h"

#include <stdlib.h>

static const struct codec_type *const types[] = {
	&codec_bzip2,
#ifdef HAVE_LZMA
	&codec_lzma,
	&codec_xz,
#endif
#ifdef HAVE_ZSTD
	&codec_zstd,
	&codec_zstd_first,
#endif
};

enum { TYPES = sizeof(types) / sizeof(types[0]) };

struct codec {
	const struct codec_type *type;
	void *state;
};

static const struct codec_type *find_type(uint16_t method)
{
	for (unsigned i = 0; i < TYPES; i++) {
		if (types[i]->method == method)
			return types[i];
	}
	return NULL;
}

bool codec_knows(uint16_t method)
{
	return find_type(method) != NULL;
}

const struct codec_type *codec_listed(unsigned index)
{
	return index < TYPES ? types[index] : NULL;
}

struct codec *codec_new(uint16_t method)
{
	struct codec *codec = malloc(sizeof(*codec));

	if (!codec)
		return NULL;
	codec->type = find_type(method);
	codec->state = codec->type->create();
	if (!codec->state) {
		free(codec);
		return NULL;
	}
	return codec;
}

void codec_free(struct codec *codec)
{
	if (!codec)
		return;
	codec->type->destroy(codec->state);
	free(codec);
}

uint16_t codec_method(const struct codec *codec)
{
	return codec->type->method;
}

enum decode_status codec_reset(struct codec *codec, uint64_t size_bytes)
{
	return codec->type->reset(codec->state, size_bytes);
}

enum decode_status codec_run(struct codec *codec, struct inflate_span *span, bool last)
{
	return codec->type->run(codec->state, span, last);
}
