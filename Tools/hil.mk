# The image in a guest with a kernel: Debian's, for arm64, under QEMU, with simulated SPI, I2C and GPIO. Packages of the
# kernel are downloaded into a folder of their own and not installed.
.PHONY: hil hil-packages

hil-packages:
	@Tools/setup.sh hil

# Of the images only the board's own, and Alice is the program of this machine.
hil: twin hil-packages python arm64 ## The board's image behind a kernel's devices, simulated; sessions and faults
	@swift build -c release $(PROGRAMS) --product gimbal >&2
	@python3 Tests/Hil/run.py
