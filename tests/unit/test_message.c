// SPDX-License-Identifier: MIT

#include "protocol/message.h"

#include "protocol/membername.h"

#include <check.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct array array_of_two = {.dtype = "<f4",
	.dtype_size = 3,
	.fortran_order = true,
	.dimensions = 2,
	.data_offset = 128,
	.item_bytes = 4,
	.shape = {3, 5}};
static const struct array array_of_none = {
	.dtype = "|u1", .dtype_size = 3, .data_offset = 80, .item_bytes = 1};

/** One of each kind, and of each shape of a record. */
static const struct message samples[] = {
	{.kind = MESSAGE_WORK,
		.unit = 0x8877665544332211,
		.work = {.archive = 0x1122334455667788,
			.total_left = UINT64_MAX,
			.has_archive = true,
			.kind = UNIT_MEMBERS,
			.members = {.first = 7, .end = UNIT_END_OPEN}}},
	{.kind = MESSAGE_WORK,
		.unit = 6,
		.work = {.archive = 1,
			.size_bytes = 0xabcdef0123456789,
			.entries = 5,
			.total_left = 4,
			.room = 0xfedcba9876543212,
			.kind = UNIT_MEMBERS,
			.members = {.first = 2, .end = 3, .place = 0xfedcba9876543210}}},
	{.kind = MESSAGE_PLAN,
		.unit = 9,
		.plan = {.end = 11,
			.entries = UINT64_MAX - 1,
			.next_place = UINT64_MAX,
			.room = 0xfedcba9876543211}},
	{.kind = MESSAGE_RECORD,
		.unit = 5,
		.record = {.member = 6,
			.size_bytes = (uint64_t)1 << 40,
			.inode = 0xfedcba9876543210,
			.crc32 = 0xe20a1c96,
			.name = "a\0/\xff",
			.name_size = 4}},
	{.kind = MESSAGE_RECORD,
		.unit = 5,
		.record = {.member = 7,
			.offset_bytes = 128,
			.size_bytes = 1,
			.inode = 2,
			.crc32 = 3,
			.name = "",
			.name_size = 0}},
	{.kind = MESSAGE_RECORD,
		.unit = 5,
		.record = {.member = 9,
			.offset_bytes = 64,
			.packed = true,
			.pack = 8,
			.size_bytes = 1,
			.inode = 2,
			.crc32 = 3,
			.name = "p",
			.name_size = 1}},
	{.kind = MESSAGE_RECORD,
		.unit = UINT64_MAX,
		.record = {.member = UINT64_MAX,
			.failure = {FAILURE_CRC_MISMATCH, {0x12345678, 0x9abcdef0}},
			.name = "dir/x.dat",
			.name_size = 9}},
	{.kind = MESSAGE_DONE, .unit = 3, .done = {{FAILURE_NONE, {0, 0}}}},
	{.kind = MESSAGE_DONE, .unit = UINT64_MAX, .done = {{FAILURE_KINDS - 1, {UINT64_MAX, 1}}}},
	{.kind = MESSAGE_WORK,
		.unit = 6,
		.work = {.archive = 1,
			.has_archive = true,
			.kind = UNIT_PART,
			.part = {UINT64_MAX, 2, 3, UINT64_MAX - 1, true}}},
	{.kind = MESSAGE_PART,
		.unit = 8,
		.part = {.step = PART_OFFER, .member = UINT64_MAX, .bytes = 3}},
	{.kind = MESSAGE_PART,
		.unit = 8,
		.part = {.step = PART_OFFER,
			.member = 1,
			.place = 2,
			.end = UINT64_MAX,
			.bytes = 3,
			.name = "0.1-x.dat",
			.name_size = 9}},
	{.kind = MESSAGE_PART,
		.unit = UINT64_MAX,
		.part = {.step = PART_DECODED,
			.helper = PART_HELPERS_MAX - 1,
			.place = UINT64_MAX,
			.bytes = 7,
			.final = true}},
	{.kind = MESSAGE_PART, .unit = 8, .part = {.step = PART_STEPS - 1, .crc32 = UINT32_MAX}},
	{.kind = MESSAGE_RECORD,
		.unit = 6,
		.record = {.member = 10,
			.size_bytes = 1,
			.inode = 2,
			.crc32 = 3,
			.own_name = true,
			.time = UINT64_MAX,
			.cut_name = true,
			.name = "d/x",
			.name_size = 3}},
	{.kind = MESSAGE_RECORD,
		.unit = 6,
		.record = {.member = 11,
			.place = PLACE_DIRECTORY,
			.own_name = true,
			.dos_name = true,
			.name = "d/",
			.name_size = 2}},
	{.kind = MESSAGE_MEMORY, .memory = {123456789012, 98765432109}},
	{.kind = MESSAGE_START, .start = {START_NONE, 0, false, false}},
	{.kind = MESSAGE_START, .start = {START_DEATH_SIGNAL, 1, false, false}},
	{.kind = MESSAGE_START, .start = {START_LANDLOCK, 38, true, false}},
	{.kind = MESSAGE_START, .start = {START_NONE, 0, false, true}},
	{.kind = MESSAGE_ASK, .unit = 7, .ask = {false, "3.1-x.dat"}},
	{.kind = MESSAGE_ASK, .unit = UINT64_MAX, .ask = {true, ""}},
	{.kind = MESSAGE_HAND, .unit = 7, .hand = {0, false}},
	{.kind = MESSAGE_HAND, .unit = 7, .hand = {4095, true}},
	{.kind = MESSAGE_LOOK,
		.unit = 6,
		.record = {.member = 16,
			.place = PLACE_THERE,
			.size_bytes = UINT64_MAX,
			.own_name = true,
			.time = 1577880000,
			.dos_name = true,
			.name = "d\\x",
			.name_size = 3}},
	{.kind = MESSAGE_RECORD,
		.unit = 6,
		.record = {.member = 17,
			.place = PLACE_THERE,
			.size_bytes = 188,
			.inode = 0xfedcba9876543210,
			.crc32 = 9,
			.unchecked = true,
			.own_name = true,
			.time = 1,
			.array = &array_of_two,
			.note = NOTE_NPY_TRAILING,
			.name = "d/x",
			.name_size = 3}},
	{.kind = MESSAGE_RECORD,
		.unit = 5,
		.record = {.member = 10,
			.place = PLACE_NOWHERE,
			.size_bytes = 77,
			.crc32 = 3,
			.name = "tested",
			.name_size = 6}},
	{.kind = MESSAGE_RECORD,
		.unit = 5,
		.record = {.member = 11,
			.place = PLACE_NOWHERE,
			.size_bytes = 78,
			.crc32 = 4,
			.listed = true,
			.encrypted = true,
			.method = 65535,
			.compressed_bytes = (uint64_t)1 << 50,
			.time = 1577880000,
			.name = "listed",
			.name_size = 6}},
	{.kind = MESSAGE_RECORD,
		.unit = 5,
		.record = {.member = 12,
			.size_bytes = 1,
			.inode = 2,
			.crc32 = 3,
			.name = "\u00fc",
			.name_size = 2,
			.base = "_",
			.base_size = 1}},
	{.kind = MESSAGE_WORK,
		.unit = 7,
		.work = {.archive = 1,
			.has_archive = true,
			.in_place = true,
			.kind = UNIT_MEMBERS,
			.members = {.first = 2, .end = 3}}},
	{.kind = MESSAGE_RECORD,
		.unit = 5,
		.record = {.member = 12,
			.place = PLACE_ARCHIVE,
			.size_bytes = (uint64_t)1 << 41,
			.offset_bytes = (uint64_t)1 << 42,
			.crc32 = 5,
			.name = "stays",
			.name_size = 5}},
	{.kind = MESSAGE_RECORD,
		.unit = 5,
		.record = {.member = 13,
			.place = PLACE_ARCHIVE,
			.unchecked = true,
			.size_bytes = 79,
			.crc32 = 6,
			.name = "unchecked",
			.name_size = 9}},
	{.kind = MESSAGE_RECORD,
		.unit = 5,
		.record = {.member = 14,
			.place = PLACE_MEMORY,
			.size_bytes = 80,
			.inode = 0xfedcba9876543210,
			.descriptor = 0xfedcba98,
			.crc32 = 7,
			.name = "memory",
			.name_size = 6}},
	{.kind = MESSAGE_RECORD,
		.unit = 5,
		.record = {.member = 15,
			.place = PLACE_MEMORY,
			.offset_bytes = 64,
			.packed = true,
			.pack = 14,
			.size_bytes = 188,
			.inode = 2,
			.descriptor = 3,
			.crc32 = 8,
			.array = &array_of_two,
			.name = "packed",
			.name_size = 6}},
	{.kind = MESSAGE_PLAN, .unit = 9, .plan = {.end = 11, .entries = 12, .pairable = true}},
	{.kind = MESSAGE_PLAN, .unit = 9, .plan = {.entries = 12, .behind_another = true}},
	{.kind = MESSAGE_RECORD,
		.unit = 5,
		.record = {.member = 12,
			.size_bytes = 188,
			.inode = 2,
			.crc32 = 3,
			.array = &array_of_two,
			.name = "a.npy",
			.name_size = 5}},
	{.kind = MESSAGE_RECORD,
		.unit = 5,
		.record = {.member = 13,
			.offset_bytes = 64,
			.packed = true,
			.pack = 8,
			.size_bytes = 81,
			.inode = 2,
			.crc32 = 3,
			.array = &array_of_none,
			.name = "b.npy",
			.name_size = 5}},
	{.kind = MESSAGE_RECORD,
		.unit = 5,
		.record = {.member = 14,
			.size_bytes = 7,
			.inode = 2,
			.crc32 = 3,
			.note = NOTE_KINDS - 1,
			.name = "c.npy",
			.name_size = 5}},
	{.kind = MESSAGE_RECORD,
		.unit = 5,
		.record = {.member = 14,
			.npy_header = true,
			.offset_bytes = 128,
			.size_bytes = 1,
			.inode = 2,
			.crc32 = 3,
			.name = "h",
			.name_size = 1}},
	{.kind = MESSAGE_RECORD,
		.unit = 5,
		.record = {.member = 13,
			.failure = {FAILURE_OPEN_SHAPE, {5, 4}},
			.npy_header = true,
			.name = "f",
			.name_size = 1}},
};
#define SAMPLES (sizeof(samples) / sizeof(samples[0]))

static void assert_failure_eq(const struct failure *a, const struct failure *b)
{
	ck_assert_int_eq(a->kind, b->kind);
	ck_assert_uint_eq(a->numbers[0], b->numbers[0]);
	ck_assert_uint_eq(a->numbers[1], b->numbers[1]);
}

static void assert_array_eq(const struct array *a, const struct array *b)
{
	ck_assert_int_eq(a != NULL, b != NULL);
	if (!a)
		return;
	ck_assert_uint_eq(a->dtype_size, b->dtype_size);
	ck_assert_mem_eq(a->dtype, b->dtype, a->dtype_size);
	ck_assert_int_eq(a->fortran_order, b->fortran_order);
	ck_assert_uint_eq(a->dimensions, b->dimensions);
	ck_assert_uint_eq(a->data_offset, b->data_offset);
	ck_assert_uint_eq(a->item_bytes, b->item_bytes);
	for (unsigned i = 0; i < a->dimensions; i++)
		ck_assert_uint_eq(a->shape[i], b->shape[i]);
}

static void assert_record_eq(const struct record *a, const struct record *b)
{
	assert_array_eq(a->array, b->array);
	ck_assert_int_eq(a->note, b->note);
	ck_assert_uint_eq(a->member, b->member);
	assert_failure_eq(&a->failure, &b->failure);
	ck_assert_uint_eq(a->size_bytes, b->size_bytes);
	ck_assert_uint_eq(a->offset_bytes, b->offset_bytes);
	ck_assert_uint_eq(a->inode, b->inode);
	ck_assert_uint_eq(a->crc32, b->crc32);
	ck_assert_int_eq(a->npy_header, b->npy_header);
	ck_assert_int_eq(a->packed, b->packed);
	ck_assert_uint_eq(a->pack, b->pack);
	ck_assert_int_eq(a->place, b->place);
	ck_assert_uint_eq(a->descriptor, b->descriptor);
	ck_assert_int_eq(a->unchecked, b->unchecked);
	ck_assert_int_eq(a->own_name, b->own_name);
	ck_assert_int_eq(a->dos_name, b->dos_name);
	ck_assert_int_eq(a->cut_name, b->cut_name);
	ck_assert_int_eq(a->listed, b->listed);
	ck_assert_int_eq(a->encrypted, b->encrypted);
	ck_assert_uint_eq(a->method, b->method);
	ck_assert_uint_eq(a->compressed_bytes, b->compressed_bytes);
	ck_assert_uint_eq(a->time, b->time);
	ck_assert_uint_eq(a->name_size, b->name_size);
	ck_assert_mem_eq(a->name, b->name, a->name_size);
	ck_assert_int_eq(!a->base, !b->base);
	ck_assert_uint_eq(a->base_size, b->base_size);
	if (a->base)
		ck_assert_mem_eq(a->base, b->base, a->base_size);
}

static void assert_message_eq(const struct message *a, const struct message *b)
{
	ck_assert_int_eq(a->kind, b->kind);
	ck_assert_uint_eq(a->unit, b->unit);
	switch (a->kind) {
	case MESSAGE_WORK:
		ck_assert_uint_eq(a->work.archive, b->work.archive);
		ck_assert_uint_eq(a->work.size_bytes, b->work.size_bytes);
		ck_assert_uint_eq(a->work.entries, b->work.entries);
		ck_assert_uint_eq(a->work.total_left, b->work.total_left);
		ck_assert_uint_eq(a->work.room, b->work.room);
		ck_assert_int_eq(a->work.has_archive, b->work.has_archive);
		ck_assert_int_eq(a->work.in_place, b->work.in_place);
		ck_assert_int_eq(a->work.kind, b->work.kind);
		ck_assert_uint_eq(a->work.members.first, b->work.members.first);
		ck_assert_uint_eq(a->work.members.end, b->work.members.end);
		ck_assert_uint_eq(a->work.members.place, b->work.members.place);
		return;
	case MESSAGE_PLAN:
		ck_assert_uint_eq(a->plan.end, b->plan.end);
		ck_assert_uint_eq(a->plan.entries, b->plan.entries);
		ck_assert_uint_eq(a->plan.next_place, b->plan.next_place);
		ck_assert_uint_eq(a->plan.room, b->plan.room);
		ck_assert_int_eq(a->plan.pairable, b->plan.pairable);
		ck_assert_int_eq(a->plan.behind_another, b->plan.behind_another);
		return;
	case MESSAGE_RECORD:
	case MESSAGE_LOOK:
		assert_record_eq(&a->record, &b->record);
		return;
	case MESSAGE_DONE:
		assert_failure_eq(&a->done.failure, &b->done.failure);
		return;
	case MESSAGE_MEMORY:
		ck_assert_uint_eq(a->memory.private_bytes, b->memory.private_bytes);
		ck_assert_uint_eq(a->memory.shared_bytes, b->memory.shared_bytes);
		return;
	case MESSAGE_PART:
		ck_assert_int_eq(a->part.step, b->part.step);
		ck_assert_uint_eq(a->part.helper, b->part.helper);
		ck_assert_uint_eq(a->part.member, b->part.member);
		ck_assert_uint_eq(a->part.place, b->part.place);
		ck_assert_uint_eq(a->part.end, b->part.end);
		ck_assert_uint_eq(a->part.bytes, b->part.bytes);
		ck_assert_uint_eq(a->part.crc32, b->part.crc32);
		ck_assert_int_eq(a->part.final, b->part.final);
		ck_assert_uint_eq(a->part.name_size, b->part.name_size);
		if (a->part.name_size > 0)
			ck_assert_mem_eq(a->part.name, b->part.name, a->part.name_size);
		return;
	case MESSAGE_START:
		ck_assert_int_eq(a->start.step, b->start.step);
		ck_assert_uint_eq(a->start.error, b->start.error);
		ck_assert_int_eq(a->start.goes_on, b->start.goes_on);
		ck_assert_int_eq(a->start.asks, b->start.asks);
		return;
	case MESSAGE_ASK:
		ck_assert_int_eq(a->ask.remove, b->ask.remove);
		ck_assert_str_eq(a->ask.name, b->ask.name);
		return;
	case MESSAGE_HAND:
		ck_assert_uint_eq(a->hand.error, b->hand.error);
		ck_assert_int_eq(a->hand.looked, b->hand.looked);
		return;
	}
	ck_abort_msg("kind %d", (int)a->kind);
}

/** Encode to @packet of 4 KiB; the size. */
static size_t encode(const struct message *message, uint8_t *packet)
{
	struct wire_writer writer;

	wire_writer_init(&writer, packet, 4096);
	ck_assert_int_eq(message_put(&writer, message), 0);
	return writer.size;
}

/**
 * Decode a copy of @packet that ends where its memory ends. What the last message_get() returned;
 * @count gets how many messages came before.
 */
static int decode(const uint8_t *packet, size_t size, size_t *count)
{
	uint8_t *copy = malloc(size ? size : 1);
	struct wire_reader reader;
	struct message message;
	int got;

	memcpy(copy, packet, size);
	wire_reader_init(&reader, copy, size);
	*count = 0;
	errno = 0;
	while ((got = message_get(&reader, &message)) == 1) {
		++*count;
		if (message.kind == MESSAGE_RECORD && message.record.name_size > 0) {
			/* What it points to is inside. */
			const uint8_t *name = (const uint8_t *)message.record.name;
			ck_assert(name >= copy);
			ck_assert(name + message.record.name_size <= copy + size);
		}
	}
	if (got < 0)
		ck_assert_int_eq(errno, EBADMSG);
	else
		ck_assert_int_eq(got, 0);
	free(copy);
	return got;
}

START_TEST(each_kind_comes_back_with_all_its_fields)
{
	uint8_t packet[4096];
	struct wire_reader reader;
	struct message message;

	for (size_t i = 0; i < SAMPLES; i++) {
		wire_reader_init(&reader, packet, encode(&samples[i], packet));
		ck_assert_int_eq(message_get(&reader, &message), 1);
		assert_message_eq(&message, &samples[i]);
		ck_assert_int_eq(message_get(&reader, &message), 0);
		ck_assert_int_eq(message_get(&reader, &message), 0);
	}
}
END_TEST

START_TEST(several_in_one_packet_come_in_order)
{
	uint8_t packet[8192];
	struct wire_writer writer;
	struct wire_reader reader;
	struct message message;

	wire_writer_init(&writer, packet, sizeof(packet));
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < SAMPLES; i++)
			ck_assert_int_eq(message_put(&writer, &samples[i]), 0);
	}
	wire_reader_init(&reader, packet, writer.size);
	for (int round = 0; round < 3; round++) {
		for (size_t i = 0; i < SAMPLES; i++) {
			ck_assert_int_eq(message_get(&reader, &message), 1);
			assert_message_eq(&message, &samples[i]);
		}
	}
	ck_assert_int_eq(message_get(&reader, &message), 0);
}
END_TEST

START_TEST(every_truncation_is_bad_or_the_end_between_two_messages)
{
	uint8_t packet[4096];
	size_t ends[SAMPLES];
	struct wire_writer writer;

	wire_writer_init(&writer, packet, sizeof(packet));
	for (size_t i = 0; i < SAMPLES; i++) {
		ck_assert_int_eq(message_put(&writer, &samples[i]), 0);
		ends[i] = writer.size;
	}
	for (size_t size = 0; size <= writer.size; size++) {
		size_t whole = 0;
		size_t count;
		while (whole < SAMPLES && ends[whole] <= size)
			whole++;
		bool between = size == (whole ? ends[whole - 1] : 0);
		ck_assert_int_eq(decode(packet, size, &count), between ? 0 : -1);
		ck_assert_uint_eq(count, whole);
	}
}
END_TEST

START_TEST(a_bad_message_is_not_passed_by)
{
	static const uint8_t packet[] = {0xee, 0, 0, 0, 0, MESSAGE_MEMORY};
	struct wire_reader reader;
	struct message message;

	wire_reader_init(&reader, packet, sizeof(packet));
	for (int i = 0; i < 3; i++) {
		errno = 0;
		ck_assert_int_eq(message_get(&reader, &message), -1);
		ck_assert_int_eq(errno, EBADMSG);
	}
}
END_TEST

START_TEST(unknown_tags_are_refused)
{
	uint8_t packet[4096];
	size_t count;

	for (unsigned tag = 0; tag < 256; tag++) {
		size_t size = encode(&samples[0], packet);
		if (tag >= MESSAGE_WORK && tag <= MESSAGE_PART)
			continue;
		packet[0] = (uint8_t)tag;
		ck_assert_int_eq(decode(packet, size, &count), -1);
		memset(packet + 1, 0, 4);
		ck_assert_int_eq(decode(packet, 5, &count), -1);
		ck_assert_uint_eq(count, 0);
	}
}
END_TEST

START_TEST(a_length_that_does_not_match_the_fields_is_refused)
{
	uint8_t packet[4096];
	size_t count;

	for (size_t i = 0; i < SAMPLES; i++) {
		memset(packet, 0, sizeof(packet));
		size_t size = encode(&samples[i], packet);
		uint32_t right = (uint32_t)size - 5;
		for (uint32_t stated = 0; stated < right + 40; stated++) {
			for (int byte = 0; byte < 4; byte++)
				packet[1 + byte] = (uint8_t)(stated >> (8 * byte));
			/* As many bytes as it states, and fewer. */
			if (stated != right)
				ck_assert_int_eq(decode(packet, 5 + stated, &count), -1);
			if (stated > right)
				ck_assert_int_eq(decode(packet, size, &count), -1);
		}
		static const uint32_t large[] = {0x7fffffff, 0x80000000, 0xfffffffb, 0xffffffff};
		for (size_t j = 0; j < 4; j++) {
			for (int byte = 0; byte < 4; byte++)
				packet[1 + byte] = (uint8_t)(large[j] >> (8 * byte));
			ck_assert_int_eq(decode(packet, size, &count), -1);
		}
	}
}
END_TEST

#define BASE (1 << 12)
static char long_base[MEMBER_BASE_MAX + 1];
static uint16_t base_size = 1;

/** A record as its fields say, put by hand. */
static size_t put_raw_record(uint8_t *packet, uint16_t fields, uint8_t failure_kind)
{
	struct wire_writer writer;

	wire_writer_init(&writer, packet, 4096);
	wire_put_u8(&writer, MESSAGE_RECORD);
	wire_put_u32(&writer, 0);
	wire_put_u64(&writer, 1);
	wire_put_u16(&writer, fields);
	wire_put_u64(&writer, 2);
	wire_put_bytes(&writer, "name", 4);
	if (fields & 1) {
		wire_put_u8(&writer, failure_kind);
		wire_put_u64(&writer, 0);
		wire_put_u64(&writer, 0);
	}
	if (fields & 2) {
		wire_put_u64(&writer, 0);
		wire_put_u64(&writer, 0);
		wire_put_u32(&writer, 0);
	}
	if (fields & 4)
		wire_put_u64(&writer, 8);
	if (fields & 8)
		wire_put_u64(&writer, 1);
	if (fields & BASE)
		wire_put_bytes(&writer, long_base, base_size);
	size_t size = writer.size;
	wire_writer_init(&writer, packet + 1, 4);
	wire_put_u32(&writer, (uint32_t)size - 5);
	return size;
}

START_TEST(a_record_either_failed_or_has_a_file)
{
	uint8_t packet[4096];
	size_t count;

	ck_assert_int_eq(decode(packet, put_raw_record(packet, 1, 1), &count), 0);
	ck_assert_int_eq(decode(packet, put_raw_record(packet, 2, 0), &count), 0);
	ck_assert_int_eq(decode(packet, put_raw_record(packet, 6, 0), &count), 0);
	ck_assert_int_eq(decode(packet, put_raw_record(packet, 14, 0), &count), 0);
	ck_assert_uint_eq(count, 1);
	ck_assert_int_eq(decode(packet, put_raw_record(packet, 0, 0), &count), -1);
	ck_assert_int_eq(decode(packet, put_raw_record(packet, 3, 1), &count), -1);
	ck_assert_int_eq(decode(packet, put_raw_record(packet, 4, 0), &count), -1);
	ck_assert_int_eq(decode(packet, put_raw_record(packet, 7, 1), &count), -1);
}
END_TEST

START_TEST(only_a_file_of_its_own_is_called_by_another_name_of_at_most_100_bytes)
{
	uint8_t packet[4096];
	size_t count;

	for (base_size = 0; base_size <= 100; base_size += 50)
		ck_assert_int_eq(decode(packet, put_raw_record(packet, 2 | BASE, 0), &count), 0);
	base_size = 101;
	ck_assert_int_eq(decode(packet, put_raw_record(packet, 2 | BASE, 0), &count), -1);
	base_size = 1;
	ck_assert_int_eq(decode(packet, put_raw_record(packet, 1 | BASE, 1), &count), -1);
	ck_assert_int_eq(decode(packet, put_raw_record(packet, 14 | BASE, 0), &count), -1);
}
END_TEST

/* The bits of a record's fields: message.c. */
enum { BIT_FAILURE = 1, BIT_FILE = 2, BIT_OFFSET = 4, BIT_PACK = 8, BIT_NO_FILE = 1 << 8 };
enum { BIT_OWN_NAME = 1 << 6, BIT_DIRECTORY = 1 << 7 };
enum { BIT_LISTED = 1 << 9, BIT_IN_ARCHIVE = 1 << 13, BIT_UNCHECKED = 1 << 14 };
enum { BIT_NPY_HEADER = 1 << 10, BIT_THERE = 1 << 15 };

/** What a record says of the name besides the time. */
static uint8_t own_name_bits = 3;

/** Put such a record by its fields, each of which has the bytes that it should. */
static int decode_fields(unsigned fields)
{
	uint8_t packet[4096];
	size_t count;
	struct wire_writer writer;

	size_t size = put_raw_record(packet, (uint16_t)(fields & BIT_FAILURE), 1);
	wire_writer_init(&writer, packet + size, sizeof(packet) - size);
	if (fields & (BIT_FILE | BIT_THERE)) {
		wire_put_u64(&writer, 1);
		wire_put_u64(&writer, 2);
		wire_put_u32(&writer, 3);
	}
	if (fields & (BIT_NO_FILE | BIT_IN_ARCHIVE)) {
		wire_put_u64(&writer, 1);
		wire_put_u32(&writer, 3);
	}
	if (fields & BIT_LISTED)
		wire_put_bytes(&writer, "12345678901234567", 17); /* and the length of these: 19 */
	if (fields & BIT_OFFSET)
		wire_put_u64(&writer, 8);
	if (fields & BIT_PACK)
		wire_put_u64(&writer, 1);
	if (fields & BIT_OWN_NAME) {
		wire_put_u64(&writer, 1);
		wire_put_u8(&writer, own_name_bits);
	}
	size += writer.size;
	wire_writer_init(&writer, packet + 1, 4);
	wire_put_u32(&writer, (uint32_t)size - 5);
	wire_writer_init(&writer, packet + 13, 2); /* behind the unit */
	wire_put_u16(&writer, (uint16_t)fields);
	return decode(packet, size, &count);
}

START_TEST(a_member_in_its_archive_has_what_belongs_to_that_alone)
{
	ck_assert_int_eq(decode_fields(BIT_IN_ARCHIVE), 0);
	ck_assert_int_eq(decode_fields(BIT_IN_ARCHIVE | BIT_OFFSET), 0);
	ck_assert_int_eq(decode_fields(BIT_IN_ARCHIVE | BIT_UNCHECKED), 0);
	ck_assert_int_eq(decode_fields(BIT_IN_ARCHIVE | BIT_UNCHECKED | BIT_OFFSET), 0);
	ck_assert_int_eq(decode_fields(BIT_IN_ARCHIVE | BIT_OFFSET | BIT_PACK), -1);
	ck_assert_int_eq(decode_fields(BIT_IN_ARCHIVE | BIT_FAILURE), -1);
	ck_assert_int_eq(decode_fields(BIT_IN_ARCHIVE | BIT_FILE), -1);
	ck_assert_int_eq(decode_fields(BIT_IN_ARCHIVE | BIT_NO_FILE), -1);
	ck_assert_int_eq(decode_fields(BIT_FILE), 0);
	ck_assert_int_eq(decode_fields(BIT_FILE | BIT_UNCHECKED), -1);
	ck_assert_int_eq(decode_fields(BIT_NO_FILE), 0);
	ck_assert_int_eq(decode_fields(BIT_NO_FILE | BIT_UNCHECKED), -1);
	ck_assert_int_eq(decode_fields(BIT_NO_FILE | BIT_LISTED), 0);
	ck_assert_int_eq(decode_fields(BIT_IN_ARCHIVE | BIT_LISTED), -1);
	ck_assert_int_eq(decode_fields(BIT_FAILURE), 0);
	ck_assert_int_eq(decode_fields(BIT_FAILURE | BIT_UNCHECKED), -1);
}
END_TEST

START_TEST(a_file_that_is_there_has_a_name_of_its_own_and_begins_with_the_member)
{
	const unsigned there = BIT_THERE | BIT_OWN_NAME;

	ck_assert_int_eq(decode_fields(there), 0);
	ck_assert_int_eq(decode_fields(there | BIT_UNCHECKED), 0);
	ck_assert_int_eq(decode_fields(BIT_THERE), -1);
	ck_assert_int_eq(decode_fields(there | BIT_OFFSET), -1);
	ck_assert_int_eq(decode_fields(there | BIT_PACK), -1);
	ck_assert_int_eq(decode_fields(there | BIT_NPY_HEADER), -1);
	ck_assert_int_eq(decode_fields(there | BIT_FILE), -1);
	ck_assert_int_eq(decode_fields(there | BIT_IN_ARCHIVE), -1);
	ck_assert_int_eq(decode_fields(there | BIT_FAILURE), -1);
	ck_assert_int_eq(decode_fields(there | BIT_LISTED), -1);
}
END_TEST

/* Encode @message, which is not as it should be, and decode it. */
static int decode_message(const struct message *message)
{
	uint8_t packet[4096];
	size_t count;

	return decode(packet, encode(message, packet), &count);
}

START_TEST(who_looks_for_a_file_says_what_the_member_is_and_no_more)
{
	const struct record good = {
		.member = 1, .place = PLACE_THERE, .own_name = true, .name = "x", .name_size = 1};
	struct message look = {.kind = MESSAGE_LOOK, .unit = 1, .record = good};

	ck_assert_int_eq(decode_message(&look), 0);
	look.record.inode = 1;
	ck_assert_int_eq(decode_message(&look), -1);
	look.record = good;
	look.record.crc32 = 1;
	ck_assert_int_eq(decode_message(&look), -1);
	look.record = good;
	look.record.unchecked = true;
	ck_assert_int_eq(decode_message(&look), -1);
	look.record = good;
	look.record.note = NOTE_NPY_DAMAGED;
	ck_assert_int_eq(decode_message(&look), -1);
	look.record = good;
	look.record.place = PLACE_FILE;
	ck_assert_int_eq(decode_message(&look), -1);
	look.record = good;
	look.record.failure.kind = FAILURE_BAD_DATA;
	ck_assert_int_eq(decode_message(&look), -1);
}
END_TEST

START_TEST(a_name_of_its_own_is_for_a_file_of_its_own_and_for_a_directory)
{
	ck_assert_int_eq(decode_fields(BIT_FILE | BIT_OWN_NAME), 0);
	ck_assert_int_eq(decode_fields(BIT_DIRECTORY | BIT_OWN_NAME), 0);
	ck_assert_int_eq(decode_fields(BIT_DIRECTORY), -1);
	ck_assert_int_eq(decode_fields(BIT_DIRECTORY | BIT_OWN_NAME | BIT_OFFSET), -1);
	ck_assert_int_eq(decode_fields(BIT_FILE | BIT_OWN_NAME | BIT_PACK), -1);
	ck_assert_int_eq(decode_fields(BIT_NO_FILE | BIT_OWN_NAME), -1);
	ck_assert_int_eq(decode_fields(BIT_IN_ARCHIVE | BIT_OWN_NAME), -1);
	ck_assert_int_eq(decode_fields(BIT_FAILURE | BIT_OWN_NAME), -1);
	ck_assert_int_eq(decode_fields(BIT_FILE | BIT_DIRECTORY | BIT_OWN_NAME), -1);
	own_name_bits = 4;
	ck_assert_int_eq(decode_fields(BIT_FILE | BIT_OWN_NAME), -1);
}
END_TEST

START_TEST(a_record_that_failed_with_no_failure_is_refused)
{
	uint8_t packet[4096];
	size_t count;

	ck_assert_int_eq(decode(packet, put_raw_record(packet, 1, FAILURE_NONE), &count), -1);
}
END_TEST

START_TEST(unknown_fields_of_a_record_are_refused)
{
	uint8_t packet[4096];
	size_t count;

	for (int bit = 4; bit < 16; bit++) {
		if (1 << bit == BASE || bit == 10)
			continue; /* bit 10: a header is put before it; that has no bytes */
		uint16_t fields = (uint16_t)(2 | 1 << bit);
		ck_assert_int_eq(decode(packet, put_raw_record(packet, fields, 0), &count), -1);
	}
}
END_TEST

START_TEST(kinds_of_units_that_there_are_not_are_refused)
{
	uint8_t packet[4096];
	size_t count;
	size_t size = encode(&samples[0], packet);
	/* WORK: unit, archive, size_bytes, entries, total_left, room, two flags, kind */
	uint8_t *kind = packet + 5 + 8 + 8 + 8 + 8 + 8 + 8 + 1 + 1;

	ck_assert_uint_eq(*kind, UNIT_MEMBERS);
	for (unsigned value = 0; value < 256; value++) {
		*kind = (uint8_t)value;
		ck_assert_int_eq(decode(packet, size, &count), value == UNIT_MEMBERS ? 0 : -1);
	}
}
END_TEST

START_TEST(steps_and_helpers_of_parts_out_of_range_are_refused)
{
	const struct message part = {.kind = MESSAGE_PART, .part = {.step = PART_FOUND}};
	uint8_t packet[4096];
	size_t count;
	size_t size = encode(&part, packet);
	uint8_t *step = packet + 5 + 8;

	for (unsigned value = 0; value < 256; value++) {
		bool known = value > 0 && value < PART_STEPS;
		*step = (uint8_t)value;
		ck_assert_int_eq(decode(packet, size, &count), known ? 0 : -1);
	}
	*step = PART_FOUND;
	step[1] = PART_HELPERS_MAX;
	ck_assert_int_eq(decode(packet, size, &count), -1);
	step[1] = PART_HELPERS_MAX - 1;
	ck_assert_int_eq(decode(packet, size, &count), 0);
}
END_TEST

START_TEST(a_word_of_parts_that_is_no_offer_has_no_name)
{
	struct message part = {.kind = MESSAGE_PART, .part = {.name = "0.1-x", .name_size = 5}};
	uint8_t packet[4096];
	size_t count;

	for (enum part_step step = PART_OFFER; step < PART_STEPS; step++) {
		part.part.step = step;
		size_t size = encode(&part, packet);
		ck_assert_int_eq(decode(packet, size, &count), step == PART_OFFER ? 0 : -1);
	}
}
END_TEST

START_TEST(a_work_message_is_no_larger_than_its_bound)
{
	uint8_t packet[4096];

	for (size_t i = 0; i < SAMPLES; i++) {
		if (samples[i].kind == MESSAGE_WORK)
			ck_assert_uint_le(encode(&samples[i], packet), WORK_BYTES_MAX);
	}
}
END_TEST

START_TEST(a_record_takes_no_more_than_its_bound)
{
	uint8_t packet[4096];

	for (size_t i = 0; i < SAMPLES; i++) {
		if (samples[i].kind == MESSAGE_RECORD)
			ck_assert_uint_le(encode(&samples[i], packet),
				message_record_bytes_max(&samples[i].record));
	}
}
END_TEST

START_TEST(failure_kinds_out_of_range_are_refused)
{
	uint8_t packet[4096];
	size_t count;

	for (unsigned kind = 0; kind < 256; kind++) {
		int expected = kind < FAILURE_KINDS ? 0 : -1;
		if (kind > 0)
			ck_assert_int_eq(
				decode(packet, put_raw_record(packet, 1, (uint8_t)kind), &count),
				expected);
		size_t size = encode(&samples[7], packet); /* DONE: unit, failure */
		packet[5 + 8] = (uint8_t)kind;
		ck_assert_int_eq(decode(packet, size, &count), expected);
	}
}
END_TEST

/** A record of @array, which may say what no array is, or with that note, put by hand. */
static int decode_array(
	uint16_t fields, uint64_t size_bytes, const struct array *array, unsigned note)
{
	static uint8_t packet[PACKET_MAX];
	struct wire_writer writer;
	size_t count;

	wire_writer_init(&writer, packet, sizeof(packet));
	wire_put_u8(&writer, MESSAGE_RECORD);
	wire_put_u32(&writer, 0);
	wire_put_u64(&writer, 1);
	wire_put_u16(&writer, fields);
	wire_put_u64(&writer, 2);
	wire_put_bytes(&writer, "name", 4);
	if (fields & 1) { /* failed */
		wire_put_u8(&writer, FAILURE_BAD_DATA);
		wire_put_u64(&writer, 0);
		wire_put_u64(&writer, 0);
	}
	if (fields & 2) { /* a file */
		wire_put_u64(&writer, size_bytes);
		wire_put_u64(&writer, 3);
		wire_put_u32(&writer, 4);
	}
	if (fields & 256) { /* no file */
		wire_put_u64(&writer, size_bytes);
		wire_put_u32(&writer, 4);
	}
	if (fields & 16) {
		wire_put_long(&writer, array->dtype, array->dtype_size);
		wire_put_u64(&writer, array->data_offset);
		wire_put_u64(&writer, array->item_bytes);
		wire_put_u8(&writer, array->fortran_order);
		wire_put_u8(&writer, array->dimensions);
		for (unsigned i = 0; i < array->dimensions; i++)
			wire_put_u64(&writer, i < ARRAY_DIMENSIONS_MAX ? array->shape[i] : 1);
	}
	if (fields & 32)
		wire_put_u8(&writer, (uint8_t)note);
	ck_assert(!writer.failed);
	size_t size = writer.size;
	wire_writer_init(&writer, packet + 1, 4);
	wire_put_u32(&writer, (uint32_t)size - 5);
	return decode(packet, size, &count);
}

START_TEST(an_array_that_does_not_fit_its_member_is_refused)
{
	struct array array = array_of_two;

	ck_assert_int_eq(decode_array(2 | 16, 188, &array, 0), 0);
	ck_assert_int_eq(decode_array(2 | 16, 187, &array, 0), -1);
	ck_assert_int_eq(decode_array(2 | 16, 0, &array, 0), -1);
	/* Other bytes may stand behind the data. */
	ck_assert_int_eq(decode_array(2 | 16, 189, &array, 0), 0);
	ck_assert_int_eq(decode_array(2 | 16, UINT64_MAX, &array, 0), 0);
	array.data_offset = 189;
	ck_assert_int_eq(decode_array(2 | 16, 188, &array, 0), -1);
	array.data_offset = UINT64_MAX;
	ck_assert_int_eq(decode_array(2 | 16, 59, &array, 0), -1);
	array = array_of_two;
	array.item_bytes = UINT64_MAX;
	ck_assert_int_eq(decode_array(2 | 16, 188, &array, 0), -1);
	array = array_of_two;
	/* The product is 15 items again, but for what 64 bits do not hold. */
	array.shape[1] += (uint64_t)1 << 62;
	ck_assert_int_eq(decode_array(2 | 16, 188, &array, 0), -1);
}
END_TEST

START_TEST(dimensions_of_an_array_out_of_range_are_refused)
{
	for (unsigned dimensions = 0; dimensions < 256; dimensions++) {
		struct array array = {.dtype = "|u1",
			.dtype_size = 3,
			.item_bytes = 1,
			.dimensions = (uint8_t)dimensions};
		for (unsigned i = 0; i < ARRAY_DIMENSIONS_MAX; i++)
			array.shape[i] = 1;
		ck_assert_int_eq(decode_array(2 | 16, 1, &array, 0),
			dimensions <= ARRAY_DIMENSIONS_MAX ? 0 : -1);
	}
}
END_TEST

START_TEST(types_of_an_array_that_could_harm_a_terminal_are_refused)
{
	static char text[ARRAY_DTYPE_MAX + 1];
	struct array array = array_of_two;

	for (int byte = 0; byte < 256; byte++) {
		char dtype[3] = {'<', (char)byte, '4'};
		array.dtype = dtype;
		ck_assert_int_eq(
			decode_array(2 | 16, 188, &array, 0), byte >= ' ' && byte <= '~' ? 0 : -1);
	}
	memset(text, 'x', sizeof(text));
	array.dtype = text;
	array.dtype_size = ARRAY_DTYPE_MAX;
	ck_assert_int_eq(decode_array(2 | 16, 188, &array, 0), 0);
	array.dtype_size = ARRAY_DTYPE_MAX + 1;
	ck_assert_int_eq(decode_array(2 | 16, 188, &array, 0), -1);
	array.dtype_size = 0; /* too long to tell */
	ck_assert_int_eq(decode_array(2 | 16, 188, &array, 0), 0);
}
END_TEST

START_TEST(arrays_and_notes_are_of_members_with_a_file)
{
	for (unsigned note = 0; note < 256; note++) {
		bool known = note != NOTE_NONE && note < NOTE_KINDS;
		ck_assert_int_eq(decode_array(2 | 32, 188, NULL, note), known ? 0 : -1);
	}
	ck_assert_int_eq(decode_array(1, 188, NULL, 0), 0);
	ck_assert_int_eq(decode_array(1 | 16, 188, &array_of_two, 0), -1);
	ck_assert_int_eq(decode_array(1 | 32, 188, NULL, NOTE_NPY_DAMAGED), -1);
	ck_assert_int_eq(decode_array(256, 188, NULL, 0), 0);
	ck_assert_int_eq(decode_array(256 | 16, 188, &array_of_two, 0), -1);
	ck_assert_int_eq(decode_array(256 | 32, 188, NULL, NOTE_NPY_DAMAGED), -1);
}
END_TEST

START_TEST(a_message_that_does_not_fit_leaves_the_packet_as_it_was)
{
	uint8_t packet[4096];
	struct wire_reader reader;
	struct message message;

	for (size_t i = 0; i < SAMPLES; i++) {
		size_t first = encode(&samples[0], packet);
		size_t second = encode(&samples[i], packet);
		for (size_t capacity = first; capacity < first + second; capacity++) {
			uint8_t *block = malloc(capacity);
			struct wire_writer writer;
			wire_writer_init(&writer, block, capacity);
			ck_assert_int_eq(message_put(&writer, &samples[0]), 0);
			ck_assert_int_eq(message_put(&writer, &samples[i]), -1);
			ck_assert_uint_eq(writer.size, first);
			ck_assert(!writer.failed);
			wire_reader_init(&reader, block, writer.size);
			ck_assert_int_eq(message_get(&reader, &message), 1);
			assert_message_eq(&message, &samples[0]);
			ck_assert_int_eq(message_get(&reader, &message), 0);
			free(block);
		}
	}
}
END_TEST

START_TEST(a_record_with_the_longest_name_or_type_fits_in_a_packet)
{
	char *name = malloc(MEMBER_NAME_MAX);
	uint8_t *packet = malloc(PACKET_MAX);
	char *dtype = malloc(ARRAY_DTYPE_MAX);
	struct array array = {.dtype = dtype,
		.dtype_size = ARRAY_DTYPE_MAX,
		.dimensions = ARRAY_DIMENSIONS_MAX,
		.item_bytes = 0};
	struct message message = {.kind = MESSAGE_RECORD,
		.record = {.offset_bytes = 1,
			.array = &array,
			.note = NOTE_KINDS - 1,
			.name = name,
			.name_size = MEMBER_NAME_MAX,
			.base = name,
			.base_size = MEMBER_BASE_MAX}};
	struct message got;
	struct wire_writer writer;
	struct wire_reader reader;

	memset(name, 'n', MEMBER_NAME_MAX);
	memset(dtype, 'd', ARRAY_DTYPE_MAX);
	for (int i = 0; i < 2; i++) {
		if (i == 0)
			message.record.name_size = RECORD_TEXT_MAX - ARRAY_DTYPE_MAX;
		else
			array.dtype_size = RECORD_TEXT_MAX - MEMBER_NAME_MAX;
		wire_writer_init(&writer, packet, PACKET_MAX);
		ck_assert_int_eq(message_put(&writer, &message), 0);
		wire_reader_init(&reader, packet, writer.size);
		ck_assert_int_eq(message_get(&reader, &got), 1);
		assert_record_eq(&got.record, &message.record);
		message.record.name_size = MEMBER_NAME_MAX;
	}
	free(name);
	free(dtype);
	free(packet);
}
END_TEST

static uint64_t random_state;

/** xorshift64: Marsaglia, "Xorshift RNGs", 2003. */
static uint64_t random_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static size_t below(size_t end)
{
	return (size_t)(random_number() % end);
}

START_TEST(random_bytes_never_harm)
{
	uint8_t packet[4096];
	size_t count;

	random_state = 0x9e3779b97f4a7c15;
	for (int round = 0; round < 60000; round++) {
		size_t size = below(80);
		for (size_t i = 0; i < size; i++)
			packet[i] = (uint8_t)random_number();
		/* Most get past the tag and the length. */
		if (size >= 5 && round % 4) {
			packet[0] = (uint8_t)(1 + random_number() % 5);
			packet[1] = (uint8_t)(size - 5);
			memset(packet + 2, 0, 3);
		}
		if (size >= 15 && round % 2) {
			packet[13] &= 63; /* known fields */
			packet[14] &= 3;
		}
		decode(packet, size, &count);
	}
}
END_TEST

START_TEST(valid_packets_with_a_few_bytes_changed_never_harm)
{
	uint8_t packet[4096];
	struct wire_writer writer;
	size_t count;

	random_state = 0x0123456789abcdef;
	for (int round = 0; round < 30000; round++) {
		wire_writer_init(&writer, packet, sizeof(packet));
		for (size_t i = below(3); i < SAMPLES; i += 1 + below(4))
			ck_assert_int_eq(message_put(&writer, &samples[i]), 0);
		for (size_t i = 1 + below(3); i > 0; i--)
			packet[random_number() % writer.size] = (uint8_t)random_number();
		decode(packet, writer.size, &count);
	}
}
END_TEST

START_TEST(a_first_word_that_contradicts_itself_is_refused)
{
	static const struct message_start wrong[] = {
		{START_STEPS, 1, false, false},      /* no step */
		{START_NONE, 1, false, false},       /* ready, and yet an error */
		{START_SECCOMP, 0, false, false},    /* failed without a reason */
		{START_SECCOMP, 4096, false, false}, /* no errno */
		{START_NONE, 0, true, false},        /* without what? */
		{START_SETTINGS, 5, true, false},    /* nothing to go on without */
	};
	uint8_t packet[64];

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		struct message message = {.kind = MESSAGE_START, .start = wrong[i]};
		size_t count;
		size_t size = encode(&message, packet);
		ck_assert_int_eq(decode(packet, size, &count), -1);
		ck_assert_uint_eq(count, 0);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("message");
	TCase *tests = tcase_create("message");

	tcase_set_timeout(tests, 120);
	tcase_add_test(tests, each_kind_comes_back_with_all_its_fields);
	tcase_add_test(tests, several_in_one_packet_come_in_order);
	tcase_add_test(tests, every_truncation_is_bad_or_the_end_between_two_messages);
	tcase_add_test(tests, a_bad_message_is_not_passed_by);
	tcase_add_test(tests, unknown_tags_are_refused);
	tcase_add_test(tests, a_length_that_does_not_match_the_fields_is_refused);
	tcase_add_test(tests, a_record_either_failed_or_has_a_file);
	tcase_add_test(
		tests, only_a_file_of_its_own_is_called_by_another_name_of_at_most_100_bytes);
	tcase_add_test(tests, a_member_in_its_archive_has_what_belongs_to_that_alone);
	tcase_add_test(
		tests, a_file_that_is_there_has_a_name_of_its_own_and_begins_with_the_member);
	tcase_add_test(tests, who_looks_for_a_file_says_what_the_member_is_and_no_more);
	tcase_add_test(tests, a_name_of_its_own_is_for_a_file_of_its_own_and_for_a_directory);
	tcase_add_test(tests, a_record_that_failed_with_no_failure_is_refused);
	tcase_add_test(tests, unknown_fields_of_a_record_are_refused);
	tcase_add_test(tests, kinds_of_units_that_there_are_not_are_refused);
	tcase_add_test(tests, steps_and_helpers_of_parts_out_of_range_are_refused);
	tcase_add_test(tests, a_word_of_parts_that_is_no_offer_has_no_name);
	tcase_add_test(tests, a_work_message_is_no_larger_than_its_bound);
	tcase_add_test(tests, a_record_takes_no_more_than_its_bound);
	tcase_add_test(tests, failure_kinds_out_of_range_are_refused);
	tcase_add_test(tests, an_array_that_does_not_fit_its_member_is_refused);
	tcase_add_test(tests, dimensions_of_an_array_out_of_range_are_refused);
	tcase_add_test(tests, types_of_an_array_that_could_harm_a_terminal_are_refused);
	tcase_add_test(tests, arrays_and_notes_are_of_members_with_a_file);
	tcase_add_test(tests, a_message_that_does_not_fit_leaves_the_packet_as_it_was);
	tcase_add_test(tests, a_record_with_the_longest_name_or_type_fits_in_a_packet);
	tcase_add_test(tests, random_bytes_never_harm);
	tcase_add_test(tests, valid_packets_with_a_few_bytes_changed_never_harm);
	tcase_add_test(tests, a_first_word_that_contradicts_itself_is_refused);
	suite_add_tcase(suite, tests);
	SRunner *runner = srunner_create(suite);
	srunner_run_all(runner, CK_NORMAL);
	int failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
