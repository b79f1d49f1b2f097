// SPDX-License-Identifier: MIT

#include "protocol/messagepart.h"

void message_part_put(struct wire_writer *out, const struct message_part *part)
{
	wire_put_u8(out, (uint8_t)part->step);
	wire_put_u32(out, part->helper);
	wire_put_u64(out, part->member);
	wire_put_u64(out, part->place);
	wire_put_u64(out, part->end);
	wire_put_u64(out, part->bytes);
	wire_put_u32(out, part->crc32);
	wire_put_u8(out, part->final);
	wire_put_bytes(out, part->name, part->name_size);
}

void message_part_get(struct wire_reader *in, struct message_part *part)
{
	uint8_t step = wire_get_u8(in);

	part->step = (enum part_step)step;
	part->helper = wire_get_u32(in);
	part->member = wire_get_u64(in);
	part->place = wire_get_u64(in);
	part->end = wire_get_u64(in);
	part->bytes = wire_get_u64(in);
	part->crc32 = wire_get_u32(in);
	part->final = wire_get_u8(in) != 0;
	part->name = wire_get_bytes(in, &part->name_size);
	if (step == 0 || step >= PART_STEPS || part->helper >= PART_HELPERS_MAX ||
		(part->name_size > 0 && step != PART_OFFER))
		in->failed = true;
}
