// SPDX-License-Identifier: MIT

#include "bits.h"

void put_bits(struct bits *bits, unsigned value, unsigned count)
{
	for (unsigned i = 0; i < count; i++) {
		if (bits->used % 8 == 0)
			bytes_put_number(&bits->bytes, 0, 1);
		bits->bytes.data[bits->bytes.size - 1] |=
			(uint8_t)((value >> i & 1) << bits->used % 8);
		bits->used++;
	}
}

void put_code(struct bits *bits, unsigned code, unsigned count)
{
	while (count-- > 0)
		put_bits(bits, code >> count & 1, 1);
}

struct bits begin_block(unsigned type)
{
	struct bits bits = {0};

	put_bits(&bits, 1, 1);
	put_bits(&bits, type, 2);
	return bits;
}

void put_fixed(struct bits *bits, unsigned symbol)
{
	if (symbol < 144)
		put_code(bits, 0x30 + symbol, 8);
	else if (symbol < 256)
		put_code(bits, 0x190 + symbol - 144, 9);
	else if (symbol < 280)
		put_code(bits, symbol - 256, 7);
	else
		put_code(bits, 0xc0 + symbol - 280, 8);
}
