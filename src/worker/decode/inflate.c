// SPDX-License-Identifier: MIT

#include "worker/decode/inflate.h"

#include "worker/decode/inflate_method.h"

#include <assert.h>

/* What was built in, the preferred ones first. */
static const struct inflate_method *const methods[] = {
#ifdef HAVE_TWIN
	&inflate_twin,
#endif
#ifdef HAVE_ISAL
	&inflate_isal,
#endif
	&inflate_zlib,
};

#define METHODS (sizeof(methods) / sizeof(methods[0]))

/* NULL: it is not here. */
static const struct inflate_method *find(enum decoder decoder)
{
	for (size_t i = 0; i < METHODS; i++) {
		// NOLINTNEXTLINE(clang-analyzer-core.NullDereference): none of them is NULL
		if (methods[i]->decoder == decoder)
			return methods[i]->available() ? methods[i] : NULL;
	}
	return NULL;
}

bool inflate_has(enum decoder decoder)
{
	return decoder == DECODER_AUTO || find(decoder);
}

enum decoder inflate_choose(enum decoder wanted, uint64_t size_bytes)
{
	if (wanted != DECODER_AUTO)
		return wanted;
	if (size_bytes >= INFLATE_TWIN_MIN && inflate_has(DECODER_TWIN))
		return DECODER_TWIN;
	return inflate_has(DECODER_ISAL) ? DECODER_ISAL : DECODER_ZLIB;
}

const char *inflate_describe(enum decoder decoder)
{
	const struct inflate_method *method = find(decoder);

	assert(method);
	return method->describe();
}

struct inflater *inflater_new(enum decoder decoder)
{
	const struct inflate_method *method = find(decoder);

	assert(method);
	return method->new ();
}

void inflater_free(struct inflater *inflater)
{
	if (inflater)
		inflater->method->free(inflater);
}

enum decoder inflater_decoder(const struct inflater *inflater)
{
	return inflater->method->decoder;
}

void inflater_reset(struct inflater *inflater)
{
	inflater->method->reset(inflater);
}

enum inflate_status inflater_run(struct inflater *inflater, struct inflate_span *span)
{
	return inflater->method->run(inflater, span);
}

void inflater_run_two(struct inflater *const inflaters[2], struct inflate_span *const spans[2],
	enum inflate_status statuses[2])
{
	assert(inflaters[0]->method == inflaters[1]->method && inflaters[0]->method->run_two);
	inflaters[0]->method->run_two(inflaters, spans, statuses);
}
