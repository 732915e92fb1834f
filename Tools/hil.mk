# The image in a guest with a kernel: Debian's, for arm64, under QEMU, with simulated SPI, I2C and GPIO. Packages of the
# kernel are downloaded into a folder of their own and not installed.
.PHONY: hil hil-packages

hil-packages:
	@Tools/setup.sh hil

hil: twin hil-packages python ## The devices of a kernel, simulated, before the board of the twin
	@python3 Tests/Hil/run.py
