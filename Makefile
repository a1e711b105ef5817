# dssm-tools. `make` builds bin/; `make demo`, `make test`, `make bench`, `make check`, `make install PREFIX=…`.
# Sources are found by wildcard: a new file in lib/ROOM, tools/, tests/ or pipelines/ needs no line here.

PREFIX  ?= /usr/local
BUILD   ?= build
BIN     ?= bin
CC      := $(if $(filter default,$(origin CC)),gcc,$(CC))
ARCH    ?= -march=native
OPT     ?= -O3
SANITIZE ?=
WERROR  ?=
WARN    ?= -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wformat=2
LIBS     = openblas lapacke msgpack libarchive jansson libpng zlib
PKGS    := $(shell pkg-config --cflags $(LIBS) 2>/dev/null)
CFLAGS  += -std=gnu11 -D_GNU_SOURCE $(OPT) $(ARCH) -g -ffp-contract=off -fno-math-errno -pthread $(WARN) $(WERROR) $(SANITIZE)
CPPFLAGS += -Ilib $(PKGS) -MMD -MP
LDLIBS  += $(shell pkg-config --libs $(LIBS) 2>/dev/null) -lm
LDFLAGS += -pthread $(SANITIZE)

ifeq ($(strip $(PKGS) $(filter setup% clean uninstall test demo% table% figure% annealing% bench check coverage,$(MAKECMDGOALS))),)
$(warning pkg-config does not find all of: $(LIBS). Try: make setup)
endif

LIB_SRC  := $(wildcard lib/*/*.c)
TOOL_SRC := $(wildcard tools/*.c)
TOOLS    := $(TOOL_SRC:tools/%.c=%)
LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/%.o)
LIB      := $(BUILD)/libdssm.a
PROGRAMS := $(TOOLS:%=$(BIN)/%)

# How many jobs a recursive make may run; nothing when the caller said it already.
JOBS    ?= $(shell nproc)
SUBMAKE  = $(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j$(JOBS))

all: $(PROGRAMS)

include tests/tests.mk
include pipelines/common.mk $(filter-out pipelines/common.mk,$(wildcard pipelines/*.mk))

# ---- building ----

$(BIN)/%: $(BUILD)/tools/%.o $(LIB)
	@mkdir -p $(BIN)
	$(CC) $(LDFLAGS) -o $@ $< $(LIB) $(LDLIBS)

$(LIB): $(LIB_OBJ)
	@rm -f $@
	ar rcs $@ $(LIB_OBJ)

# The same sources with `real` = double, for the tests that compare gradients with differences.
$(BUILD)/double/libdssm.a: $(LIB_SRC:%.c=$(BUILD)/double/%.o)
	@rm -f $@
	ar rcs $@ $^

$(BUILD)/double/%.o: CPPFLAGS += -DDSSM_DOUBLE
$(BUILD)/double/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# The one file of elementwise mathematics: relaxed flags let gcc use glibc's vector functions. On x86 they would also put an
# approximate reciprocal for a quotient (1/1 is then not 1).
EXACT_QUOTIENTS := $(shell $(CC) -mno-recip -E -x c /dev/null >/dev/null 2>&1 && echo -mno-recip)
$(BUILD)/lib/grad/vector_math.o $(BUILD)/double/lib/grad/vector_math.o: CFLAGS += -ffast-math $(EXACT_QUOTIENTS)
# Loops over lanes may fuse multiply and add; simulators may not (same pixels everywhere).
LANE_ROOMS := $(foreach room,grad prob net,$(BUILD)/lib/$(room)/%.o $(BUILD)/double/lib/$(room)/%.o)
$(LANE_ROOMS): CFLAGS += -ffp-contract=fast

# ---- packages (packages.txt) ----

# What each target needs; `make setup` alone installs everything.
MARKS_test  := build test plot
MARKS_demo  := build plot
MARKS_bench := build test
MARKS_check := build test plot check

setup:
	@./setup.sh

setup-%:
	@./setup.sh $(MARKS_$*)

# ---- installation ----

DEST        = $(DESTDIR)$(PREFIX)
COMPLETIONS = $(DEST)/share/bash-completion/completions
DOC         = $(DEST)/share/doc/dssm-tools
DOCS       := $(wildcard README.md ARCHITECTURE.md LICENSE formats/*.md formats/readers/*.* formats/examples/*.*)
PAGES      := $(wildcard man/*.[1-8])

install: all
	install -d $(DEST)/bin $(COMPLETIONS)
	install $(PROGRAMS) $(DEST)/bin
	for page in $(PAGES); do install -D -m 644 $$page $(DEST)/share/man/man$${page##*.}/$${page##*/} || exit 1; done
	for tool in $(TOOLS); do $(BIN)/$$tool --complete-bash >$(COMPLETIONS)/$$tool || exit 1; done
	for doc in $(DOCS); do install -D -m 644 $$doc $(DOC)/$$doc || exit 1; done

uninstall:
	rm -f $(TOOLS:%=$(DEST)/bin/%) $(TOOLS:%=$(COMPLETIONS)/%)
	for page in $(PAGES); do rm -f $(DEST)/share/man/man$${page##*.}/$${page##*/}; done
	rm -rf $(DOC)

clean:
	rm -rf $(BUILD) $(BIN)

-include $(LIB_OBJ:.o=.d) $(LIB_SRC:%.c=$(BUILD)/double/%.d) $(TOOL_SRC:tools/%.c=$(BUILD)/tools/%.d)
.PHONY: all setup install uninstall clean
.SECONDARY:
