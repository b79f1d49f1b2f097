// SPDX-License-Identifier: MIT

#include "worker/decode/decoders.h"

#include "util/cleanup.h"

/* What was built in; of those for one method the preferred ones first. */
static const struct decoder_type *const types[] = {
	&decoder_stored,
#ifdef HAVE_LIBDEFLATE
	&decoder_libdeflate,
#endif
#ifdef HAVE_TWIN
	&decoder_twin,
#endif
#ifdef HAVE_ISAL
	&decoder_isal,
#endif
	&decoder_zlib,
	&decoder_deflate64,
	&decoder_bzip2,
#ifdef HAVE_LZMA
	&decoder_lzma,
	&decoder_xz,
#endif
#ifdef HAVE_ZSTD
	&decoder_zstd,
#endif
};

enum { TYPES = sizeof(types) / sizeof(types[0]) };

static_assert(TYPES <= DECODER_TYPES_MAX, "a set has a place for each type");

static bool is_available(const struct decoder_type *type)
{
	return !type->available || type->available();
}

static bool decodes(const struct decoder_type *type, uint16_t method)
{
	for (unsigned i = 0; i < type->method_count; i++) {
		if (type->methods[i] == method)
			return is_available(type);
	}
	return false;
}

const struct decoder_type *decoder_listed(unsigned index)
{
	for (unsigned i = 0; i < TYPES; i++) {
		if (is_available(types[i]) && index-- == 0)
			return types[i];
	}
	return NULL;
}

const struct decoder_type *decoder_asked_for(enum decoder_choice choice)
{
	assert(choice != DECODER_AUTO);
	for (unsigned i = 0; i < TYPES; i++) {
		if (types[i]->choice == choice)
			return is_available(types[i]) ? types[i] : NULL;
	}
	return NULL;
}

bool decoder_has(enum decoder_choice choice)
{
	return choice == DECODER_AUTO || decoder_asked_for(choice) != NULL;
}

static const struct decoder_type *choose(
	uint16_t method, enum decoder_choice wanted, uint64_t size_bytes, bool whole)
{
	const struct decoder_type *asked_for =
		wanted == DECODER_AUTO ? NULL : decoder_asked_for(wanted);

	if (asked_for && decodes(asked_for, method))
		return asked_for;
	for (unsigned i = 0; i < TYPES; i++) {
		const struct decoder_type *type = types[i];
		// NOLINTNEXTLINE(clang-analyzer-core.NullDereference): none of them is NULL
		if (decodes(type, method) && size_bytes >= type->least_bytes &&
			size_bytes <= type->most_bytes && (whole || !type->whole))
			return type;
	}
	return NULL;
}

const struct decoder_type *decoder_choose(
	uint16_t method, enum decoder_choice wanted, uint64_t size_bytes)
{
	return choose(method, wanted, size_bytes, true);
}

const struct decoder_type *decoder_choose_stream(
	uint16_t method, enum decoder_choice wanted, uint64_t size_bytes)
{
	return choose(method, wanted, size_bytes, false);
}

struct decoder *decoder_set_begin(
	struct decoder_set *set, const struct decoder_type *type, uint64_t size_bytes)
{
	struct decoder **place = NULL;

	for (unsigned i = 0; i < TYPES; i++) {
		if (types[i] == type)
			place = &set->open[i];
		else if (types[i]->large)
			decoder_close(steal_pointer(&set->open[i]));
	}
	assert(place);
	if (!*place)
		*place = decoder_open(type);
	return *place && decoder_reset(*place, size_bytes) == 0 ? *place : NULL;
}

void decoder_set_release(struct decoder_set *set)
{
	for (unsigned i = 0; i < TYPES; i++)
		decoder_close(steal_pointer(&set->open[i]));
}
