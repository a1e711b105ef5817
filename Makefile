# dssm-tools. `make` builds bin/; `make demo`, `make test`, `make bench`, `make check`, `make install PREFIX=…`.
# Sources are found by wildcard: a new file in lib/ROOM or tools/ needs no line here.

PREFIX  ?= /usr/local
BUILD   ?= build
BIN     ?= bin
CC      ?= gcc
ARCH    ?= -march=native
OPT     ?= -O3
SANITIZE ?=
WARN    ?= -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes -Wpointer-arith -Wwrite-strings -Wformat=2
LIBS     = openblas lapacke msgpack libarchive jansson libpng zlib
PKGS    := $(shell pkg-config --cflags $(LIBS) 2>/dev/null)
CFLAGS  += -std=gnu11 -D_GNU_SOURCE $(OPT) $(ARCH) -g -ffp-contract=off -fno-math-errno -pthread $(WARN) $(SANITIZE)
CPPFLAGS += -Ilib $(PKGS) -MMD -MP
LDLIBS  += $(shell pkg-config --libs $(LIBS) 2>/dev/null) -lm
LDFLAGS += -pthread $(SANITIZE)

LIB_SRC  := $(wildcard lib/*/*.c)
TOOL_SRC := $(wildcard tools/*.c)
TOOLS    := $(TOOL_SRC:tools/%.c=%)
LIB_OBJ  := $(LIB_SRC:%.c=$(BUILD)/%.o)
LIB      := $(BUILD)/libdssm.a

all: $(TOOLS:%=$(BIN)/%)

$(BIN)/%: $(BUILD)/tools/%.o $(LIB)
	@mkdir -p $(BIN)
	$(CC) $(LDFLAGS) -o $@ $< $(LIB) $(LDLIBS)

$(LIB): $(LIB_OBJ)
	@rm -f $@
	ar rcs $@ $(LIB_OBJ)

$(BUILD)/%.o: %.c
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -c -o $@ $<

# The one file of elementwise mathematics: relaxed flags let gcc use glibc's vector functions.
$(BUILD)/lib/grad/vector_math.o: CFLAGS += -ffast-math
# Loops over lanes may fuse multiply and add; simulators may not (same pixels everywhere).
$(BUILD)/lib/grad/%.o $(BUILD)/lib/prob/%.o $(BUILD)/lib/net/%.o: CFLAGS += -ffp-contract=fast

clean:
	rm -rf $(BUILD) $(BIN)

-include $(LIB_OBJ:.o=.d) $(TOOL_SRC:tools/%.c=$(BUILD)/tools/%.d)
.PHONY: all clean
.SECONDARY:
