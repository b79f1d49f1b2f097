# SPDX-License-Identifier: MIT
#
# GNU make. `make help` lists the targets. What is built goes to build/$(VARIANT) and nowhere else.
#
# Variables for the user: CC CPPFLAGS CFLAGS LDFLAGS LDLIBS PKG_CONFIG prefix DESTDIR VARIANT WERROR
# ISAL TWIN LIBDEFLATE LZMA ZSTD V FUZZ_SECONDS FUZZ_TARGETS. A change of any flag rebuilds what it
# concerns.

VERSION := 0.1.0

VARIANT ?= release
BUILD ?= build/$(VARIANT)

prefix ?= /usr/local
bindir ?= $(prefix)/bin
mandir ?= $(prefix)/share/man
# Where each shell looks for completions.
bashcompdir ?= $(prefix)/share/bash-completion/completions
zshcompdir ?= $(prefix)/share/zsh/site-functions
fishcompdir ?= $(prefix)/share/fish/vendor_completions.d
# Where Debian's Python looks for modules: below /usr for all versions alike.
python_version = $(shell for python in /usr/bin/python3 python3; do \
	$$python -c 'import sys; print("%d.%d" % sys.version_info[:2])' 2>/dev/null && break; done)
pythondir ?= $(prefix)/lib/python$(if $(filter /usr,$(prefix)),3,$(or $(python_version),3))/dist-packages

# libFuzzer is clang's.
ifeq ($(origin CC),default)
CC := $(if $(filter fuzz,$(VARIANT)),clang,gcc)
endif
PKG_CONFIG ?= pkg-config
CLANG_FORMAT ?= clang-format
CLANG_TIDY ?= clang-tidy
INSTALL ?= install

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := all

# V=1 shows whole commands instead of one short line each.
ifeq ($(V),1)
say = @:
Q :=
else
say = @printf '  %-6s %s\n' $(1) $@
Q := @
endif

# --- libraries -----------------------------------------------------------------------------------
# Silent where pkg-config is missing: this file is read before `make demo` and `make check` have
# installed it. The rule of $(BUILD)/flags says what is missing before anything is compiled.

ISAL ?= $(shell $(PKG_CONFIG) --exists libisal 2>/dev/null && echo yes || echo no)
ISAL := $(ISAL)
LIBDEFLATE ?= $(shell $(PKG_CONFIG) --exists libdeflate 2>/dev/null && echo yes || echo no)
LIBDEFLATE := $(LIBDEFLATE)
LZMA ?= $(shell $(PKG_CONFIG) --exists liblzma 2>/dev/null && echo yes || echo no)
LZMA := $(LZMA)
ZSTD ?= $(shell $(PKG_CONFIG) --exists libzstd 2>/dev/null && echo yes || echo no)
ZSTD := $(ZSTD)
# Our own decoder of two streams at once is for x86-64 alone.
TWIN ?= $(if $(filter x86_64%,$(shell $(CC) -dumpmachine 2>/dev/null)),yes,no)
TWIN := $(TWIN)
LIBRARIES := zlib nettle libseccomp jansson $(if $(filter yes,$(LZMA)),liblzma) \
	$(if $(filter yes,$(ZSTD)),libzstd) $(if $(filter yes,$(ISAL)),libisal) \
	$(if $(filter yes,$(LIBDEFLATE)),libdeflate)

LIBRARY_CFLAGS := $(shell $(PKG_CONFIG) --cflags $(LIBRARIES) 2>/dev/null)
# libbz2 has no file for pkg-config.
LIBRARY_LIBS := $(shell $(PKG_CONFIG) --libs $(LIBRARIES) 2>/dev/null) -lbz2
# Of what makes archives for tests, and of tests that hold this reader against another one.
LIBZIP_CFLAGS := $(shell $(PKG_CONFIG) --cflags libzip 2>/dev/null)
LIBZIP_LIBS := $(shell $(PKG_CONFIG) --libs libzip 2>/dev/null)
CHECK_CFLAGS := $(shell $(PKG_CONFIG) --cflags check 2>/dev/null)
CHECK_LIBS := $(shell $(PKG_CONFIG) --libs check 2>/dev/null)

# --- flags ---------------------------------------------------------------------------------------

WARNINGS := -Wall -Wextra -Wshadow -Wconversion -Wmissing-prototypes -Wstrict-prototypes -Wvla \
	-Wformat=2 $(if $(filter 1,$(WERROR)),-Werror)

# Assertions stay on in every variant.
ifeq ($(VARIANT),release)
CFLAGS ?= -O2 -g
# A packager's own level of _FORTIFY_SOURCE wins.
VARIANT_CPPFLAGS := $(if $(findstring _FORTIFY_SOURCE,$(CPPFLAGS) $(CFLAGS)),,\
	-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2)
VARIANT_CFLAGS := -fstack-protector-strong
else ifeq ($(VARIANT),debug)
CFLAGS ?= -Og -g3
else ifeq ($(VARIANT),asan)
CFLAGS ?= -O1 -g
VARIANT_CFLAGS := -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer
# As a shared library, gcc's UBSan shares symbols with ASan and loses where it is told to report to.
VARIANT_LDFLAGS := -fsanitize=address,undefined $(if $(findstring clang,$(CC)),,-static-libubsan)
else ifeq ($(VARIANT),coverage)
CFLAGS ?= -O0 -g
VARIANT_CPPFLAGS := -DCOVERAGE
VARIANT_CFLAGS := --coverage -fprofile-abs-path
# Who leaves by _exit(2) or a signal has counted too.
VARIANT_LDFLAGS := -Wl,--wrap=_exit,--wrap=raise
INSTRUMENT_SOURCES := tests/coverage/dump.c
else ifeq ($(VARIANT),fuzz)
CFLAGS ?= -O1 -g
VARIANT_CFLAGS := -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all \
	-fno-omit-frame-pointer
FUZZ_LDFLAGS := -fsanitize=fuzzer
else
$(error VARIANT is release, debug, asan, coverage or fuzz, not '$(VARIANT)')
endif

ALL_CPPFLAGS = -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 '-DZIPMAP_VERSION="$(VERSION)"' \
	$(if $(filter yes,$(ISAL)),-DHAVE_ISAL) $(if $(filter yes,$(TWIN)),-DHAVE_TWIN) \
	$(if $(filter yes,$(LIBDEFLATE)),-DHAVE_LIBDEFLATE) \
	$(if $(filter yes,$(LZMA)),-DHAVE_LZMA) $(if $(filter yes,$(ZSTD)),-DHAVE_ZSTD) \
	-Isrc $(VARIANT_CPPFLAGS) $(LIBRARY_CFLAGS) $(LIBZIP_CFLAGS) $(CPPFLAGS)
ALL_CFLAGS = -std=c17 $(WARNINGS) -fPIE $(VARIANT_CFLAGS) $(CFLAGS)
ALL_LDFLAGS = -pie -Wl,-z,relro,-z,now -Wl,--as-needed $(VARIANT_LDFLAGS) $(LDFLAGS)

COMPILE = $(CC) $(ALL_CPPFLAGS) $(EXTRA_CPPFLAGS) $(ALL_CFLAGS)
LINK = $(CC) $(ALL_CFLAGS) $(ALL_LDFLAGS)

# --- sources -------------------------------------------------------------------------------------

ALL_SOURCES := $(sort $(shell find src -name '*.c'))
# Without the decoders that are not wanted, or whose library is not there.
SOURCES := $(filter-out $(if $(filter yes,$(ISAL)),,src/worker/decode/isal.c) \
	$(if $(filter yes,$(LIBDEFLATE)),,src/worker/decode/libdeflate.c) \
	$(if $(filter yes,$(LZMA)),,src/worker/decode/lzma.c) \
	$(if $(filter yes,$(ZSTD)),,src/worker/decode/zstd.c) \
	$(if $(filter yes,$(TWIN)),,src/worker/decode/twin.c $(wildcard src/worker/twin/*.c src/worker/parts/*.c)),$(ALL_SOURCES))
GENERATOR_SOURCES := $(wildcard testdata-gen/*.c)
UNIT_SOURCES := $(wildcard tests/unit/test_*.c)
# What several unit tests share.
UNIT_SHARED_SOURCES := $(filter-out $(UNIT_SOURCES),$(wildcard tests/unit/*.c))
BENCH_SOURCES := $(wildcard tests/bench/*.c)
# What the roofline consists of beside its main file.
BENCH_SHARED_SOURCES := tests/bench/members.c
# One target a file; the other files there are what several targets share.
FUZZ_SOURCES := $(wildcard tests/fuzz/fuzz_*.c)
FUZZ_SHARED_SOURCES := $(filter-out $(FUZZ_SOURCES),$(wildcard tests/fuzz/*.c))
FUZZ_NAMES := $(patsubst tests/fuzz/fuzz_%.c,%,$(FUZZ_SOURCES))
FUZZ_TARGETS ?= $(FUZZ_NAMES)
FUZZ_SECONDS ?= 60
# Preloaded by tests, to make system calls fail.
FAULTS_SOURCE := tests/faults/faults.c
# A zipmap whose workers can be taken over.
ATTACK_SOURCES := $(wildcard tests/attack/*.c)
ATTACK_RUNS ?= 2000
ATTACK_KINDS ?=

HEADERS := $(sort $(shell find src -name '*.h')) \
	$(wildcard testdata-gen/*.h tests/unit/*.h tests/fuzz/*.h tests/attack/*.h tests/bench/*.h)
C_FILES := $(ALL_SOURCES) $(GENERATOR_SOURCES) $(UNIT_SOURCES) \
	$(UNIT_SHARED_SOURCES) $(BENCH_SOURCES) $(FUZZ_SOURCES) $(FUZZ_SHARED_SOURCES) \
	tests/coverage/dump.c $(FAULTS_SOURCE) $(ATTACK_SOURCES) $(HEADERS)

# What is looked at closely: the program, and what makes test data.
LINTED := $(ALL_SOURCES) $(GENERATOR_SOURCES)

objects = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
OBJECTS := $(call objects,$(SOURCES))
MODULE_OBJECTS := $(filter-out $(BUILD)/obj/src/main.o,$(OBJECTS))
GENERATOR_OBJECTS := $(call objects,$(GENERATOR_SOURCES))
UNIT_OBJECTS := $(call objects,$(UNIT_SOURCES))
UNIT_SHARED_OBJECTS := $(call objects,$(UNIT_SHARED_SOURCES))
BENCH_OBJECTS := $(call objects,$(BENCH_SOURCES))
ATTACK_OBJECTS := $(call objects,$(ATTACK_SOURCES))
INSTRUMENT_OBJECTS := $(call objects,$(INSTRUMENT_SOURCES))
FUZZ_OBJECTS := $(call objects,$(FUZZ_SOURCES))
FUZZ_SHARED_OBJECTS := $(call objects,$(FUZZ_SHARED_SOURCES))
FUZZERS := $(FUZZ_NAMES:%=$(BUILD)/fuzz/%)
BENCH_PROGRAMS := $(patsubst tests/bench/%.c,$(BUILD)/%,$(filter-out $(BENCH_SHARED_SOURCES),$(BENCH_SOURCES)))
UNIT_TESTS := $(patsubst tests/unit/%.c,$(BUILD)/tests/%,$(UNIT_SOURCES))

# --- building ------------------------------------------------------------------------------------

.PHONY: all
all: $(BUILD)/zipmap

.PHONY: programs unit-tests bench-programs fuzzers attackers
programs: $(BUILD)/zipmap $(BUILD)/testdata-gen ; @:
unit-tests: $(UNIT_TESTS) $(BUILD)/faults.so attackers ; @:
attackers: $(BUILD)/attack/zipmap ; @:
bench-programs: programs $(BENCH_PROGRAMS) ; @:
fuzzers: $(FUZZ_TARGETS:%=$(BUILD)/fuzz/%) ; @:

$(BUILD)/zipmap: $(OBJECTS) $(INSTRUMENT_OBJECTS)
	$(call say,LINK)
	$(Q)$(LINK) -o $@ $^ $(LIBRARY_LIBS) $(LDLIBS)

# takeover.c has worker.c in it.
$(BUILD)/attack/zipmap: $(filter-out $(BUILD)/obj/src/worker/worker.o,$(OBJECTS)) $(ATTACK_OBJECTS) \
	$(INSTRUMENT_OBJECTS)
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(LINK) -o $@ $^ $(LIBRARY_LIBS) $(LDLIBS)

$(BUILD)/testdata-gen: $(GENERATOR_OBJECTS) $(INSTRUMENT_OBJECTS)
	$(call say,LINK)
	$(Q)$(LINK) -o $@ $^ $(LIBZIP_LIBS) $(LIBRARY_LIBS) -lm $(LDLIBS)

$(UNIT_TESTS): $(BUILD)/tests/%: $(BUILD)/obj/tests/unit/%.o $(UNIT_SHARED_OBJECTS) \
	$(MODULE_OBJECTS) $(INSTRUMENT_OBJECTS)
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(LINK) -o $@ $^ $(CHECK_LIBS) $(LIBZIP_LIBS) $(LIBRARY_LIBS) $(LDLIBS)

$(BUILD)/roofline: $(call objects,$(BENCH_SHARED_SOURCES))
$(BENCH_PROGRAMS): $(BUILD)/%: $(BUILD)/obj/tests/bench/%.o $(MODULE_OBJECTS)
	$(call say,LINK)
	$(Q)$(LINK) -o $@ $^ $(LIBRARY_LIBS) $(LDLIBS)

# In an archive, so that a target that includes a module's source has it once.
$(BUILD)/modules.a: $(MODULE_OBJECTS)
	$(call say,AR)
	$(Q)rm -f $@ && $(AR) rcs $@ $^

$(FUZZERS): $(BUILD)/fuzz/%: $(BUILD)/obj/tests/fuzz/fuzz_%.o $(FUZZ_SHARED_OBJECTS) $(BUILD)/modules.a
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(LINK) $(FUZZ_LDFLAGS) -o $@ $^ $(LIBZIP_LIBS) $(LIBRARY_LIBS) $(LDLIBS)

# By all names that libc's functions go under: those of large files are not the others' here, nor
# those that check sizes. Of no sanitizer: two cannot both stand before malloc.
$(BUILD)/faults.so: $(FAULTS_SOURCE) $(BUILD)/flags
	$(call say,LINK)
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -D_GNU_SOURCE $(CPPFLAGS) -U_FORTIFY_SOURCE -std=c17 $(WARNINGS) $(CFLAGS) \
		-fPIC -shared $(LDFLAGS) -o $@ $<

# The program alone does not need it.
$(GENERATOR_OBJECTS) $(UNIT_OBJECTS) $(UNIT_SHARED_OBJECTS) $(FUZZ_OBJECTS): | $(BUILD)/has-libzip

$(BUILD)/has-libzip:
	@$(PKG_CONFIG) --exists libzip || { \
		echo "What makes archives for tests and for the demonstration needs libzip." \
			"\`tests/tools/install-deps build\` installs it on Debian." >&2; \
		exit 1; \
	}
	@mkdir -p $(@D)
	@touch $@

$(GENERATOR_OBJECTS): EXTRA_CPPFLAGS = -Itestdata-gen
$(UNIT_OBJECTS) $(UNIT_SHARED_OBJECTS): EXTRA_CPPFLAGS = $(CHECK_CFLAGS)

ALL_OBJECTS := $(OBJECTS) $(GENERATOR_OBJECTS) $(UNIT_OBJECTS) $(UNIT_SHARED_OBJECTS) \
	$(BENCH_OBJECTS) $(FUZZ_OBJECTS) $(FUZZ_SHARED_OBJECTS) $(ATTACK_OBJECTS) $(INSTRUMENT_OBJECTS)

$(ALL_OBJECTS): $(BUILD)/obj/%.o: %.c $(BUILD)/flags
	$(call say,CC)
	$(Q)mkdir -p $(@D)
	$(Q)$(COMPILE) -MMD -MP -c -o $@ $<

-include $(ALL_OBJECTS:.o=.d)

# The flags that the objects were made with: touched only when they differ from those of now.
quote = '$(subst ','\'',$(1))'
FLAGS = $(COMPILE) $(ALL_LDFLAGS) $(LIBRARY_LIBS) $(LIBZIP_LIBS) $(CHECK_CFLAGS) $(CHECK_LIBS) $(LDLIBS)

$(BUILD)/flags: FORCE
	@missing=; \
	command -v $(firstword $(CC)) >/dev/null || missing='$(firstword $(CC))'; \
	if ! command -v $(firstword $(PKG_CONFIG)) >/dev/null; then \
		missing="$$missing pkg-config and what it knows"; \
	else \
		for library in $(LIBRARIES); do \
			$(PKG_CONFIG) --exists $$library || missing="$$missing $$library"; \
		done; \
	fi; \
	if [ -n "$$missing" ]; then \
		echo "zipmap needs $(firstword $(CC)), pkg-config, zlib, nettle, libbz2, libseccomp and jansson to build. Missing:" $$missing >&2; \
		echo "\`make demo\` and \`make check\` install what is missing on Debian;" \
			"\`tests/tools/install-deps build\` does only that." >&2; \
		exit 1; \
	fi
	@mkdir -p $(@D)
	@printf '%s\n' $(call quote,$(FLAGS)) | cmp -s - $@ || printf '%s\n' $(call quote,$(FLAGS)) >$@

.PHONY: FORCE
FORCE:

# --- for people ----------------------------------------------------------------------------------
# Targets that may install packages start make again after that: what pkg-config says was read
# before. Their build uses all cores unless the user has said how many.

jobs = $(if $(filter -j% --jobserver%,$(MAKEFLAGS)),,-j$(shell nproc))
AGAIN = +$(Q)$(MAKE) --no-print-directory

.PHONY: demo run-demo
demo:
	$(Q)tests/tools/install-deps build demo
	$(AGAIN) $(jobs) programs
	$(AGAIN) run-demo

run-demo:
	$(Q)tests/tools/demo $(BUILD)

# TESTS='inputs report' runs only these unit and program tests.
.PHONY: check run-check check-asan
check:
	$(Q)tests/tools/install-deps build demo check
	$(AGAIN) $(jobs) programs unit-tests
	$(AGAIN) run-check

run-check:
	+$(Q)MAKE='$(MAKE)' ZIPMAP_VARIANT='$(VARIANT)' tests/tools/run-tests $(BUILD) $(TESTS)

check-asan:
	$(AGAIN) VARIANT=asan check

# Which lines of src/ the tests run; fails below COVERAGE_LEAST per cent.
COVERAGE_LEAST ?= 90
COVERAGE_TESTS ?=
.PHONY: coverage run-coverage
coverage:
	$(Q)tests/tools/install-deps build demo check coverage
	$(AGAIN) $(jobs) VARIANT=coverage programs unit-tests
	$(AGAIN) VARIANT=coverage run-coverage

run-coverage:
	$(Q)find $(BUILD) -name '*.gcda' -delete
	+$(Q)MAKE='$(MAKE)' ZIPMAP_VARIANT='$(VARIANT)' tests/tools/run-tests $(BUILD) $(COVERAGE_TESTS)
	$(Q)gcovr --root . --filter src/ --object-directory $(BUILD)/obj --sort-uncovered \
		--fail-under-line $(COVERAGE_LEAST) $(BUILD)/obj/src

# The measurements of tests/bench. BENCH_CASES='csv tail' measures only these; bench.py says what else
# can be chosen.
.PHONY: bench run-bench
bench:
	$(Q)tests/tools/install-deps build bench
	$(AGAIN) $(jobs) bench-programs
	$(AGAIN) run-bench

run-bench:
	$(Q)tests/bench/bench.py $(BUILD)

# The picture of the README.
PICTURE ?= man/memory.svg
.PHONY: picture run-picture
picture:
	$(Q)tests/tools/install-deps build bench
	$(AGAIN) $(jobs) programs
	$(AGAIN) run-picture

run-picture:
	$(Q)tests/picture/picture.py $(BUILD) $(PICTURE)

# FUZZ_TARGETS='wire names' runs only these, each for FUZZ_SECONDS.
.PHONY: fuzz run-fuzz
fuzz:
	$(Q)tests/tools/install-deps build fuzz
	$(AGAIN) $(jobs) VARIANT=fuzz fuzzers
	$(AGAIN) VARIANT=fuzz run-fuzz

run-fuzz:
	$(Q)tests/tools/fuzz $(BUILD) $(FUZZ_SECONDS) $(FUZZ_TARGETS)

# The examples of zipmap-cluster(7), on a Slurm and an sshd of their own.
.PHONY: check-cluster
check-cluster:
	$(Q)tests/tools/install-deps cluster
	+$(Q)ZIPMAP_TEST_ARCHIVES=1000 $(MAKE) --no-print-directory check TESTS=cli/cluster

# Built by Debian's cross compiler; what is not for this machine's processor is run by qemu-user.
.PHONY: check-arm64 check-i386
check-arm64 check-i386: check-%:
	$(Q)tests/tools/install-deps build demo check '$*'
	+$(Q)MAKE='$(MAKE) $(jobs)' tests/tools/cross '$*' $(TESTS)

# ATTACK_KINDS='lies floods' plays only these.
.PHONY: attack run-attack
attack:
	$(Q)tests/tools/install-deps build
	$(AGAIN) $(jobs) attackers
	$(AGAIN) run-attack

run-attack:
	$(Q)tests/attack/attack $(BUILD) $(ATTACK_RUNS) $(ATTACK_KINDS)

.PHONY: lint lint-headers lint-tidy lint-format format
lint:
	$(Q)tests/tools/install-deps build check lint
	+$(Q)MAKE='$(MAKE)' tests/tools/lint

# Each header is complete: it compiles with nothing before it.
lint-headers:
	$(Q)status=0; for header in $(HEADERS); do \
		$(COMPILE) -Itestdata-gen $(CHECK_CFLAGS) -fsyntax-only -x c $$header || status=1; \
	done; exit $$status

# A process a file: in one that reads several, clang-tidy 14 forgets what va_start is. It fails if
# one of them does.
lint-tidy:
	$(Q)printf '%s\n' $(filter %.c,$(LINTED)) | xargs -P $(shell nproc) -I {} sh -c '\
		$(CLANG_TIDY) --quiet {} -- "$$@" 2>/dev/null' tidy \
		-std=c17 -Itestdata-gen $(ALL_CPPFLAGS)

lint-format:
	$(Q)$(CLANG_FORMAT) --dry-run --Werror $(C_FILES)

format:
	$(Q)$(CLANG_FORMAT) -i $(C_FILES)

# The source as an archive: the same files give the same bytes. Built packages for Debian.
.PHONY: dist deb run-deb check-deb
dist:
	$(Q)packaging/dist '$(VERSION)' build/dist

deb:
	$(Q)tests/tools/install-deps build deb
	$(AGAIN) $(jobs) run-deb

run-deb:
	+$(Q)MAKE='$(MAKE)' packaging/deb '$(VERSION)' build/deb

# Installed in a fresh system of its own. It needs root.
check-deb:
	$(Q)tests/tools/install-deps check-deb
	$(AGAIN) deb
	$(Q)packaging/smoke build/deb/zipmap_$(VERSION)_$$(dpkg --print-architecture).deb

.PHONY: install uninstall clean help
install: all
	$(INSTALL) -d '$(DESTDIR)$(bindir)' '$(DESTDIR)$(mandir)/man1' \
		'$(DESTDIR)$(mandir)/man5' '$(DESTDIR)$(mandir)/man7' \
		'$(DESTDIR)$(bashcompdir)' '$(DESTDIR)$(zshcompdir)' '$(DESTDIR)$(fishcompdir)' \
		'$(DESTDIR)$(pythondir)'
	$(INSTALL) -m 755 $(BUILD)/zipmap '$(DESTDIR)$(bindir)/zipmap'
	$(INSTALL) -m 644 man/zipmap.1 '$(DESTDIR)$(mandir)/man1/zipmap.1'
	$(INSTALL) -m 644 man/zipmap-json.5 '$(DESTDIR)$(mandir)/man5/zipmap-json.5'
	for page in cluster python; do \
		$(INSTALL) -m 644 man/zipmap-$$page.7 '$(DESTDIR)$(mandir)/man7/' || exit; \
	done
	$(INSTALL) -m 644 src/python/zipmap.py '$(DESTDIR)$(pythondir)/zipmap.py'
	for shell in bash zsh fish; do \
		$(BUILD)/zipmap --generate=complete-$$shell >$(BUILD)/complete-$$shell || exit; \
	done
	$(INSTALL) -m 644 $(BUILD)/complete-bash '$(DESTDIR)$(bashcompdir)/zipmap'
	$(INSTALL) -m 644 $(BUILD)/complete-zsh '$(DESTDIR)$(zshcompdir)/_zipmap'
	$(INSTALL) -m 644 $(BUILD)/complete-fish '$(DESTDIR)$(fishcompdir)/zipmap.fish'

uninstall:
	rm -f '$(DESTDIR)$(bindir)/zipmap' '$(DESTDIR)$(mandir)/man1/zipmap.1' \
		'$(DESTDIR)$(mandir)/man5/zipmap-json.5' \
		'$(DESTDIR)$(mandir)/man7/zipmap-cluster.7' '$(DESTDIR)$(mandir)/man7/zipmap-python.7' \
		'$(DESTDIR)$(bashcompdir)/zipmap' '$(DESTDIR)$(zshcompdir)/_zipmap' \
		'$(DESTDIR)$(fishcompdir)/zipmap.fish' '$(DESTDIR)$(pythondir)/zipmap.py'

clean:
	rm -rf build

help:
	@echo 'make              build build/release/zipmap'
	@echo 'make demo         install what is missing, build, and show zipmap on a data set of 480 MB'
	@echo 'make check        install what is missing, build, and run every test (TESTS=... for some)'
	@echo 'make check-asan   the same under AddressSanitizer and UndefinedBehaviorSanitizer'
	@echo 'make coverage     run every test and say which lines of src/ are run (COVERAGE_TESTS=... for some)'
	@echo 'make bench        install what is missing, build, and measure zipmap against its peers (BENCH_CASES=... for some)'
	@echo 'make picture      measure and draw the memory of zipmap and of a process pool'
	@echo 'make fuzz         run each fuzz target for FUZZ_SECONDS=$(FUZZ_SECONDS), or only FUZZ_TARGETS=...'
	@echo 'make attack       ATTACK_RUNS=$(ATTACK_RUNS) runs with workers that an archive has taken over'
	@echo 'make check-cluster  the examples of zipmap-cluster(7), by Slurm and GNU parallel'
	@echo 'make check-arm64  build for arm64, run the tests that need no sandbox by qemu-user, and compare'
	@echo 'make check-i386   build for 32 bits, and run the same tests'
	@echo 'make lint         includes, format, warnings, manual, scripts'
	@echo 'make format       put all C files in the house style'
	@echo 'make install      install under $$(DESTDIR)$$(prefix), now $(DESTDIR)$(prefix)'
	@echo 'make uninstall    remove what was installed there'
	@echo 'make dist         the source as build/dist/zipmap-$(VERSION).tar.gz; SOURCE_DATE_EPOCH is honoured'
	@echo 'make deb          build a package for the Debian that this is, in build/deb'
	@echo 'make check-deb    the same, and try it in a fresh Debian (needs root)'
	@echo 'make clean        remove build/'
	@echo
	@echo 'VARIANT=release|debug|asan|coverage|fuzz   which build; each has its own directory in build/'
	@echo 'WERROR=1                     warnings are errors'
	@echo 'ISAL=yes|no                  with or without ISA-L, now $(ISAL)'
	@echo 'TWIN=yes|no                  with or without the decoder of two streams, now $(TWIN)'
	@echo 'LIBDEFLATE=yes|no            with or without libdeflate, now $(LIBDEFLATE)'
	@echo 'LZMA=yes|no ZSTD=yes|no      with or without liblzma and libzstd, now $(LZMA) and $(ZSTD)'
	@echo 'V=1                          show whole commands'
	@echo 'CC CPPFLAGS CFLAGS LDFLAGS   as usual'
