# Our stages beside other programs that do the same work, on one core. Everything lives in a folder of its own: the
# programs of the others, the Python environment of the PyPI decoder, and the plugin of the emulator.
BENCH        := .build-bench
BENCH_PYTHON := $(BENCH)/python/bin/python
BENCH_STAMP  := $(BENCH)/python/ldpc.stamp
# For example BENCH_OPTIONS="--rounds 1".
BENCH_OPTIONS ?=

.PHONY: bench bench-short peers counter instructions instructions-short

# Everything that Tools/bench.py may call.
peers: python
	@Tools/setup.sh bench
	@Tools/peers/build.sh $(BENCH)/peers
	@$(MAKE) --no-print-directory $(BENCH_STAMP)

$(BENCH_STAMP): Tools/bench-requirements.txt
	@test -x $(BENCH_PYTHON) || python3 -m venv $(BENCH)/python
	@$(BENCH_PYTHON) -m pip install --quiet --disable-pip-version-check -r $<
	@touch $@

bench: twin peers ## Our stages beside other programs, about a quarter of an hour; writes Documentation/Results/bench.md
	@python3 Tools/bench.py $(BENCH_OPTIONS)

bench-short: twin peers ## A few small cells: equal work gives equal figures, and leaks are as promised
	@python3 Tools/bench.py --short

# The plugin that counts instructions in the emulator.
counter:
	@Tools/setup.sh bench
	@mkdir -p $(BENCH)
	@gcc -shared -fPIC -O2 -Wall -Wextra -Werror -fvisibility=hidden Tools/counting/count.c -o $(BENCH)/libcount.so

instructions: firmware counter ## Instructions of the arm64 image a sifted bit; writes Documentation/Results/instructions.md
	@python3 Tools/instructions.py

instructions-short: firmware counter ## The count repeats and is within what is promised
	@python3 Tools/instructions.py --short
