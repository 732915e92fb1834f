# Hostile input with the address sanitizer in every Swift and C file. A folder of its own keeps the ordinary build.
FUZZ      := .build-fuzz
# How many times the seeds of the short form, and the first of them.
FUZZ_TIMES ?= 20
FUZZ_FROM  ?= 1000
# Suites and tests whose input a peer, an operator or line noise chooses.
HOSTILE   := HostileTests|ScenarioFile|trapsNobody|bentAnywhere|pestered|ofAnyKeys|ofAnyBytes|survives|reference_|corrector_|FrameTests|WireTests|BentBytes|BentMemory|BentLines|KeyClient|ScpiTests

.PHONY: fuzz fuzz-short

define fuzz
SWIFT_BACKTRACE=enable=no ASAN_OPTIONS=detect_leaks=0 GIMBAL_FUZZ_TIMES=$(1) GIMBAL_FUZZ_FROM=$(2) \
  timeout 3600 swift test -c release --sanitize address --scratch-path $(FUZZ) --filter "$(HOSTILE)" 2>&1 | Tools/fuzz_count.sh
endef

fuzz: ## Hostile input under the address sanitizer, many seeds (FUZZ_TIMES=20 FUZZ_FROM=1000)
	@$(call fuzz,$(FUZZ_TIMES),$(FUZZ_FROM))

fuzz-short: ## The same with the seeds of the tests
	@$(call fuzz,1,0)
