# How well the control thread keeps time: on this machine beside cyclictest, and in the emulator, where it repeats.
# For example TIMING="--seconds 30".
TIMING ?= --seconds 600

.PHONY: timing timing-emulated timing-emulated-short

timing: python ## Strobe of the control thread beside cyclictest, ten minutes
	@Tools/setup.sh timing
	@swift build -c release $(PROGRAMS) --product gimbal
	@python3 Tools/timing.py --program $(HOST) $(TIMING)

timing-emulated: hil-packages arm64 ## Strobe of the board's image under an emulated kernel, twice the same, within limits
	@python3 Tools/timing_emulated.py

timing-emulated-short: hil-packages arm64
	@python3 Tools/timing_emulated.py --seconds 2
