SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
MAKEFLAGS += --no-builtin-rules
.NOTPARALLEL:
.DELETE_ON_ERROR:
.DEFAULT_GOAL := help

# Tests are compiled to be looked into, programs are not: one folder for both would compile everything at each change.
PROGRAMS := --scratch-path .build-run
TWIN     := .build-run/release/twin
# Options of the twin's run, for example: make run ARGS="--scenario bench --seed 3"
ARGS     ?= --scenario drone --seconds 10 --seed 1

HOST         := .build-run/release/gimbal
X86          := .build-firmware-x86/release/gimbal
# The board gets the static image, which needs nothing of the board's system; its C library is musl (decision 0026). The
# proof that nothing of ours allocates is made on the dynamic one of the same objects, which never runs: there the C
# library is outside the image, so any name of an allocator was put there by us.
ARM64        := .build-firmware-arm64/release/gimbal
ARM64_STATIC := .build-firmware-arm64/gimbal-static
CROSS        := --triple aarch64-none-none-elf --toolset Board/CM4/toolset.json

CHECKS := test tidy lint registers-check manual-check policy-check codes-check firmware constant-time proof-test
CHECKS += library-test budget-test selftest processes
CHECKS += memory-check determinism verify tolerance-short motion-short bench-short instructions-short fuzz-short
CHECKS += telemetry-test visa-test demo-test sessions-test board-check hil timing-emulated-short

.PHONY: run test check checks firmware selftest lint tidy format memory memory-check budget-test
.PHONY: arm64 reproducible library-test manual manual-check python constant-time processes proof-test determinism twin packages setup clean help

run: twin ## Two modules over the twin's moving link (ARGS="--scenario NAME --seconds S --seed N")
	@$(TWIN) run $(ARGS)

twin:
	@swift build -c release $(PROGRAMS) --product twin >&2

# What the suites want besides Swift: Python 3, and the libraries of GPIO and I2C that the program is linked to. It is
# installed only where it is missing.
python:
	@Tools/setup.sh programs

test: twin python ## Every suite, on the development machine
	@swift test -c release --explicit-target-dependency-import-check error
	@TWIN=$(TWIN) python3 -m unittest discover --quiet --start-directory Tests/TwinProgramTests

check: ## Everything that CI runs
	@Tools/check.sh $(CHECKS)

checks:
	@echo $(CHECKS)

# SwiftPM does not know that an image depends on the linker script.
define relink
[ $(1) -nt Linker/gimbal.ld ] || rm -f $(1)
endef

firmware: packages ## The images, host and Embedded x86-64 and arm64, within budgets and without an allocator
	@$(call relink,$(HOST)); swift build -c release $(PROGRAMS) --product gimbal
# Without a product, so that every device module compiles as Embedded Swift, also one that the image does not use yet.
	@$(call relink,$(X86)); FIRMWARE=1 swift build -c release --scratch-path .build-firmware-x86
	@$(MAKE) --no-print-directory arm64
	@python3 Tools/image.py size $(HOST) $(X86) $(ARM64) $(ARM64_STATIC)
	@python3 Tools/image.py instructions $(ARM64) $(ARM64_STATIC)
	@python3 Tools/image.py allocator $(X86) $(ARM64)
	@python3 Tools/library.py headers $(dir $(ARM64))
	@python3 Tools/library.py image $(ARM64_STATIC)

# The two images of the board's processor.
arm64: packages
	@$(call relink,$(ARM64))
	@FIRMWARE=1 swift build -c release $(CROSS) --scratch-path .build-firmware-arm64
	@Tools/link.sh Linker/gimbal.ld $(ARM64_STATIC)

reproducible: arm64 ## The images of the board, built in another folder: the same bytes but for debug lines
	@Tools/reproducible.sh $(ARM64) $(ARM64_STATIC)

selftest: firmware ## The images test themselves: host, Embedded x86-64, and arm64 in the emulator
	@for image in $(HOST) $(X86) "qemu-aarch64-static $(ARM64_STATIC)"; do \
	  echo "$$image --selftest"; \
	  $$image --selftest; \
	done

constant-time: firmware ## Look for secret-dependent branches and addresses in the kernels of both images
	@python3 Tools/constant_time.py $(X86)
	@python3 Tools/constant_time.py $(ARM64)
	@Tools/secrets/check.sh

processes: firmware ## Two processes of the Embedded image make the same key over TCP, and its console answers
	@Tools/two_processes.sh $(X86)

budget-test: firmware ## See each memory budget stop the link
	@Tools/budget_test.sh

proof-test: packages ## See the proofs on the image fail on offending images
	@Tools/proof_test.sh

library-test: packages ## musl with libraries built for glibc, and the allocator that is sealed, in the emulator
	@Tools/library_test.sh

memory: firmware ## Write the table of static blocks and the sums of the stack
	@python3 Tools/memory_table.py $(ARM64_STATIC)
	@python3 Tools/stack.py $(ARM64_STATIC)

memory-check: firmware
	@python3 Tools/memory_table.py --check $(ARM64_STATIC)
	@python3 Tools/stack.py --check $(ARM64_STATIC)

determinism: twin ## Two runs of the twin with one seed, compared
	@Tools/determinism.sh $(TWIN)

tidy: ## Limits of the style, and the tests of the tools
	@python3 -m unittest discover --quiet --start-directory Tools/tests
	@python3 Tools/tidy.py

lint: ## Format check
	@swift format lint --strict --recursive Package.swift Sources Tests
	@echo "lint: clean"

format: ## Format the Swift sources in place
	@swift format format --in-place --recursive Package.swift Sources Tests

# registers: compile the register descriptions again; registers-check: fail when what they compile to is stale.
-include Tools/registers/registers.mk
-include Tools/policy.mk

# verify: the records of the twin, recomputed.
include Tools/verify.mk

# The LDPC codes, made with NumPy too.
include Tools/codes.mk

# tolerance: how much error and roll a key survives.
include Tools/tolerance.mk

# motion: links that move under several methods, and the page of a run.
include Tools/motion.mk

# fuzz: hostile input under the address sanitizer.
include Tools/fuzz.mk

# telemetry: the helper beside the module.
include Tools/telemetry.mk

# visa: the machine mode of the console through PyVISA.
include Tools/visa.mk

# demo, sessions: consoles, by hand and by test.
include Tools/sessions.mk

# timing: the control thread beside cyclictest.
include Tools/timing.mk

# hil: the image behind a kernel's devices.
include Tools/hil.mk

# board, image: the reference board, and what its SD card or eMMC holds.
include Tools/image.mk

# bench: speed and price of our stages beside other programs.
include Tools/bench.mk

# Pages that the program's own tables say: page of the program, file.
MANUAL := commands:Commands alarms:Troubleshooting scpi:Scpi

manual: twin ## Write the pages of the manual that come from the program's tables
	@for page in $(MANUAL); do $(TWIN) manual $${page%:*} > Documentation/$${page#*:}.md; done

manual-check: twin
	@for page in $(MANUAL); do $(TWIN) manual $${page%:*} | cmp -s - Documentation/$${page#*:}.md || \
	  { echo "error: manual: Documentation/$${page#*:}.md is stale, run make manual"; exit 1; }; done
	@echo "manual: current"

# Debian packages, for what compiles for the board.
packages:
	@Tools/setup.sh

# The Python environment of the register compiler needs the packages first.
ifdef REGISTER_VENV
$(REGISTER_VENV): | packages
endif

setup: packages $(REGISTER_VENV) ## Install what firmware and checks need, only when it is missing

clean: ## Remove everything that was built
	@rm -rf .build .build-*

help: ## Show this text
	@grep -hE '^[a-z0-9-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 18
