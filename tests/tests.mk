# make test, make bench, make check, make coverage. Included by the Makefile; tests/run counts, tests/check sums up.

UNIT_SRC   := $(wildcard tests/unit/*/*_test.c)
DOUBLE_SRC := $(filter %_double_test.c,$(UNIT_SRC))
SINGLE_SRC := $(filter-out $(DOUBLE_SRC),$(UNIT_SRC))
# Files beside the tests that are no test: what several of them share, linked where it is used.
SHARED_SRC := $(filter-out $(UNIT_SRC) tests/unit/only.c,$(wildcard tests/unit/*.c tests/unit/*/*.c))
FUZZ_SRC   := $(wildcard tests/fuzz/*_fuzz.c)
BENCH_SRC  := $(wildcard tests/bench/*.c)

UNIT    := $(SINGLE_SRC:%.c=$(BUILD)/%) $(DOUBLE_SRC:%.c=$(BUILD)/double/%)
REPLAY  := $(FUZZ_SRC:%_fuzz.c=$(BUILD)/%_replay)
BATS    := $(wildcard tests/*.bats tests/tool/*.bats)
BENCHES := $(BENCH_SRC:%.c=$(BUILD)/%)

# One test alone: `make test ONLY=pendulum` takes every file with that in its path, else every case with it in its name.
ONLY ?=
EVERY  := $(UNIT) $(REPLAY) $(BATS)
CHOSEN := $(or $(strip $(foreach file,$(EVERY),$(if $(findstring $(ONLY),$(file)),$(file)))),$(EVERY))

test: setup-test
	@$(SUBMAKE) test-programs
	@$(MAKE) --no-print-directory test-run

test-programs: $(filter-out %.bats,$(CHOSEN)) $(if $(filter %.bats,$(CHOSEN)),all)
	@:

test-run:
	@DSSM_BIN=$(abspath $(BIN)) DSSM_BUILD=$(abspath $(BUILD)) MAKEFLAGS= tests/run --jobs $(JOBS) $(if $(ONLY),--only '$(ONLY)') $(CHOSEN)

# ---- unit programs: one file, one program ----

# A test function that no table names would never run: that is an error.
$(BUILD)/tests/unit/%.o $(BUILD)/double/tests/unit/%.o: CFLAGS += -Werror=unused-function
$(BUILD)/tests/% $(BUILD)/double/tests/%: CPPFLAGS += -Itests/unit

$(SINGLE_SRC:%.c=$(BUILD)/%): %: %.o $(BUILD)/tests/unit/only.o $(BUILD)/tests/unit/libshared.a $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)

$(DOUBLE_SRC:%.c=$(BUILD)/double/%): %: %.o $(BUILD)/tests/unit/only.o $(BUILD)/double/tests/unit/libshared.a $(BUILD)/double/libdssm.a
	$(CC) $(LDFLAGS) -o $@ $^ -lcmocka $(LDLIBS)

# The reacher's oracle; without it the test says that it was skipped.
ifneq ($(wildcard /usr/include/mujoco/mujoco.h /usr/local/include/mujoco/mujoco.h),)
$(BUILD)/tests/unit/sim/reacher_mujoco_test.o: CPPFLAGS += -DDSSM_MUJOCO
$(BUILD)/tests/unit/sim/reacher_mujoco_test: LDLIBS += -lmujoco
endif

$(BUILD)/tests/unit/libshared.a: $(SHARED_SRC:%.c=$(BUILD)/%.o)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/double/tests/unit/libshared.a: $(SHARED_SRC:%.c=$(BUILD)/double/%.o)
	@rm -f $@
	ar rcs $@ $^

# ---- fuzz drivers: in `make test` they go through what is known, in `make check` they look for more ----

$(REPLAY): $(BUILD)/%_replay: $(BUILD)/%_fuzz.o $(BUILD)/tests/fuzz/replay.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

FUZZ_SECONDS ?= 60
FUZZERS      := $(FUZZ_SRC:%.c=$(BUILD)/%)

fuzz-programs: $(FUZZERS)

$(FUZZERS): %: %.o $(LIB)
	$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)

fuzz-run:
	@tests/fuzz/run $(FUZZ_SECONDS) $(FUZZERS)

# ---- benches: each prints lines "name: ratio …" against something timed in the same run ----

bench: setup-bench
	@$(SUBMAKE) bench-programs
	@$(MAKE) --no-print-directory bench-run

bench-programs: all $(BENCHES)

$(BENCHES): %: %.o $(LIB)
	$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

bench-run:
	@status=0; for bench in $(BENCHES) $(wildcard tests/bench/*.sh); do PATH="$(abspath $(BIN)):$$PATH" $$bench || status=1; done; exit $$status

# ---- checks ----

# Some alone: `make check STEPS="asan fuzz"`.
STEPS ?= gcc clang asan tsan fuzz cppcheck tidy shellcheck man format

check: setup-check
	@tests/check $(STEPS)

format:
	clang-format -i $(wildcard lib/*/*.[ch] tools/*.c tests/*/*.[ch] tests/unit/*/*.[ch])

# The option lists of the man pages, from the programs.
man: all
	@DSSM_BIN=$(abspath $(BIN)) tests/man-options.sh --renew

coverage: setup-check
	@$(SUBMAKE) BUILD=$(BUILD)/coverage BIN=$(BUILD)/coverage/bin OPT=-O1 SANITIZE=--coverage test-programs
	-@$(MAKE) --no-print-directory BUILD=$(BUILD)/coverage BIN=$(BUILD)/coverage/bin test-run
	gcovr --root . --filter 'lib/' --filter 'tools/' --html-details $(BUILD)/coverage/index.html --txt $(BUILD)/coverage/coverage.txt --object-directory $(BUILD)/coverage $(BUILD)/coverage && tail -n +5 $(BUILD)/coverage/coverage.txt | cut -c 1-72

-include $(UNIT_SRC:%.c=$(BUILD)/%.d) $(DOUBLE_SRC:%.c=$(BUILD)/double/%.d) $(SHARED_SRC:%.c=$(BUILD)/%.d) $(SHARED_SRC:%.c=$(BUILD)/double/%.d)
-include $(FUZZ_SRC:%.c=$(BUILD)/%.d) $(BENCH_SRC:%.c=$(BUILD)/%.d) $(BUILD)/tests/fuzz/replay.d
.PHONY: test test-programs test-run fuzz-programs fuzz-run bench bench-programs bench-run check format man coverage
