# How well the control thread keeps time: on this machine beside cyclictest, and in the emulator, where it repeats.
# For example TIMING="--seconds 30".
TIMING ?= --seconds 600

.PHONY: timing

timing: python ## Strobe of the control thread beside cyclictest, ten minutes
	@Tools/setup.sh timing
	@swift build -c release $(PROGRAMS) --product gimbal
	@python3 Tools/timing.py --program $(HOST) $(TIMING)
