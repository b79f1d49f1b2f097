// SPDX-License-Identifier: MIT

#include "protocol/message.h"

#include "protocol/messagerecord.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static_assert(MEMBER_NAME_MAX <= RECORD_TEXT_MAX && ARRAY_DTYPE_MAX <= RECORD_TEXT_MAX,
	"a packet has room for either");

/* The largest errno that Linux has. */
#define ERROR_MAX 4095

static void put_work(struct wire_writer *out, const struct message_work *work)
{
	wire_put_u64(out, work->archive);
	wire_put_u64(out, work->size_bytes);
	wire_put_u64(out, work->entries);
	wire_put_u64(out, work->total_left);
	wire_put_u64(out, work->room);
	wire_put_u8(out, work->has_archive);
	wire_put_u8(out, work->in_place);
	wire_put_u8(out, (uint8_t)work->kind);
	switch (work->kind) {
	case UNIT_MEMBERS:
		wire_put_u64(out, work->members.first);
		wire_put_u64(out, work->members.end);
		wire_put_u64(out, work->members.place);
		return;
	case UNIT_PART:
		wire_put_u64(out, work->part.data_place);
		wire_put_u64(out, work->part.compressed_bytes);
		wire_put_u64(out, work->part.from);
		wire_put_u64(out, work->part.to);
		wire_put_u8(out, work->part.checked_only);
		return;
	}
}

static void get_work(struct wire_reader *in, struct message_work *work)
{
	work->archive = wire_get_u64(in);
	work->size_bytes = wire_get_u64(in);
	work->entries = wire_get_u64(in);
	work->total_left = wire_get_u64(in);
	work->room = wire_get_u64(in);
	work->has_archive = wire_get_u8(in) != 0;
	work->in_place = wire_get_u8(in) != 0;
	work->kind = (enum unit_kind)wire_get_u8(in);
	switch (work->kind) {
	case UNIT_MEMBERS:
		work->members.first = wire_get_u64(in);
		work->members.end = wire_get_u64(in);
		work->members.place = wire_get_u64(in);
		return;
	case UNIT_PART:
		work->part.data_place = wire_get_u64(in);
		work->part.compressed_bytes = wire_get_u64(in);
		work->part.from = wire_get_u64(in);
		work->part.to = wire_get_u64(in);
		work->part.checked_only = wire_get_u8(in) != 0;
		return;
	}
	in->failed = true;
}

static void put_start(struct wire_writer *out, const struct message_start *start)
{
	wire_put_u8(out, (uint8_t)start->step);
	wire_put_u32(out, start->error);
	wire_put_u8(out, start->goes_on);
	wire_put_u8(out, start->asks);
}

static void get_start(struct wire_reader *in, struct message_start *start)
{
	uint8_t step = wire_get_u8(in);
	uint32_t error = wire_get_u32(in);
	uint8_t goes_on = wire_get_u8(in);
	uint8_t asks = wire_get_u8(in);

	*start = (struct message_start){(enum start_step)step, error, goes_on != 0, asks != 0};
	if (step >= START_STEPS || error > ERROR_MAX || goes_on > 1 || asks > 1 ||
		(asks && step != START_NONE) || (step == START_NONE) != (error == 0) ||
		(start->goes_on && !start_step_part(start->step)))
		in->failed = true;
}

static void put_ask(struct wire_writer *out, const struct message_ask *ask)
{
	wire_put_u8(out, ask->remove);
	wire_put_bytes(out, ask->name, (uint16_t)strlen(ask->name));
}

static void get_ask(struct wire_reader *in, struct message_ask *ask)
{
	uint8_t remove = wire_get_u8(in);
	uint16_t size;
	const void *name = wire_get_bytes(in, &size);

	ask->remove = remove != 0;
	if (in->failed || remove > 1 || size >= sizeof(ask->name) || memchr(name, '\0', size)) {
		in->failed = true;
		return;
	}
	memcpy(ask->name, name, size);
	ask->name[size] = '\0';
}

static void put_hand(struct wire_writer *out, const struct message_hand *hand)
{
	wire_put_u32(out, hand->error);
	wire_put_u8(out, hand->looked);
}

static void get_hand(struct wire_reader *in, struct message_hand *hand)
{
	hand->error = wire_get_u32(in);
	uint8_t looked = wire_get_u8(in);

	hand->looked = looked != 0;
	if (hand->error > ERROR_MAX || looked > 1)
		in->failed = true;
}

/* What a member is that is looked for; a worker knows nothing of its file. */
static void get_look(struct wire_reader *in, struct message *message)
{
	const struct record *record = &message->record;

	messagerecord_get(in, &message->record, &message->array);
	if (record->place != PLACE_THERE || record->inode != 0 || record->crc32 != 0 ||
		record->unchecked || record->array || record->note != NOTE_NONE)
		in->failed = true;
}

/* Whether messages of this kind are about a unit. */
static bool has_unit(enum message_kind kind)
{
	return kind != MESSAGE_MEMORY && kind != MESSAGE_START;
}

static void put_fields(struct wire_writer *out, const struct message *message)
{
	if (has_unit(message->kind))
		wire_put_u64(out, message->unit);
	switch (message->kind) {
	case MESSAGE_WORK:
		put_work(out, &message->work);
		break;
	case MESSAGE_PLAN:
		wire_put_u64(out, message->plan.end);
		wire_put_u64(out, message->plan.entries);
		wire_put_u64(out, message->plan.next_place);
		wire_put_u64(out, message->plan.room);
		wire_put_u8(out, message->plan.pairable);
		wire_put_u8(out, message->plan.behind_another);
		break;
	case MESSAGE_RECORD:
	case MESSAGE_LOOK:
		messagerecord_put(out, &message->record);
		break;
	case MESSAGE_DONE:
		messagerecord_put_failure(out, &message->done.failure);
		break;
	case MESSAGE_MEMORY:
		wire_put_u64(out, message->memory.private_bytes);
		wire_put_u64(out, message->memory.shared_bytes);
		break;
	case MESSAGE_START:
		put_start(out, &message->start);
		break;
	case MESSAGE_ASK:
		put_ask(out, &message->ask);
		break;
	case MESSAGE_HAND:
		put_hand(out, &message->hand);
		break;
	case MESSAGE_PART:
		message_part_put(out, &message->part);
		break;
	}
}

static void get_fields(struct wire_reader *in, struct message *message)
{
	if (has_unit(message->kind))
		message->unit = wire_get_u64(in);
	switch (message->kind) {
	case MESSAGE_WORK:
		get_work(in, &message->work);
		return;
	case MESSAGE_PLAN:
		message->plan.end = wire_get_u64(in);
		message->plan.entries = wire_get_u64(in);
		message->plan.next_place = wire_get_u64(in);
		message->plan.room = wire_get_u64(in);
		message->plan.pairable = wire_get_u8(in) != 0;
		message->plan.behind_another = wire_get_u8(in) != 0;
		return;
	case MESSAGE_RECORD:
		messagerecord_get(in, &message->record, &message->array);
		return;
	case MESSAGE_DONE:
		messagerecord_get_failure(in, &message->done.failure);
		return;
	case MESSAGE_MEMORY:
		message->memory.private_bytes = wire_get_u64(in);
		message->memory.shared_bytes = wire_get_u64(in);
		return;
	case MESSAGE_START:
		get_start(in, &message->start);
		return;
	case MESSAGE_ASK:
		get_ask(in, &message->ask);
		return;
	case MESSAGE_HAND:
		get_hand(in, &message->hand);
		return;
	case MESSAGE_LOOK:
		get_look(in, message);
		return;
	case MESSAGE_PART:
		message_part_get(in, &message->part);
		return;
	}
	in->failed = true;
}

size_t message_record_bytes_max(const struct record *record)
{
	const size_t fixed = 160; /* all fields of a fixed size, and the lengths of the others */
	size_t names = (size_t)record->name_size + record->base_size;

	if (!record->array)
		return fixed + names;
	return fixed + names + record->array->dtype_size + sizeof(*record->array);
}

int message_put(struct wire_writer *packet, const struct message *message)
{
	struct wire_writer before = *packet;

	wire_put_u8(packet, (uint8_t)message->kind);
	wire_put_u32(packet, 0);
	size_t start = packet->size;
	put_fields(packet, message);
	if (packet->failed) {
		*packet = before;
		return -1;
	}

	/* The length is known only now; its place was kept free. */
	struct wire_writer length;
	wire_writer_init(&length, packet->data + start - 4, 4);
	wire_put_u32(&length, (uint32_t)(packet->size - start));
	return 0;
}

int message_get(struct wire_reader *packet, struct message *message)
{
	if (packet->left == 0 && !packet->failed)
		return 0;

	uint8_t kind = wire_get_u8(packet);
	uint32_t size = wire_get_u32(packet);
	if (packet->failed || size > packet->left) {
		errno = EBADMSG;
		return -1;
	}

	struct wire_reader fields;
	wire_reader_init(&fields, packet->at, size);
	memset(message, 0, sizeof(*message));
	message->kind = (enum message_kind)kind;
	get_fields(&fields, message);
	if (fields.failed || fields.left != 0) {
		errno = EBADMSG;
		return -1;
	}
	packet->at += size;
	packet->left -= size;
	return 1;
}
