# board-check: what the reference board is, held together. image: what its SD card or eMMC holds, for the board and for
# the emulator. Kernel, boot loaders and shell are Debian's arm64 packages, unpacked here and installed nowhere.
BOARD_BUILD    := .build-board
IMAGE_BUILD    := .build-image
IMAGE_PACKAGES := $(IMAGE_BUILD)/packages/packages.txt
IMAGE_ROOT     := $(IMAGE_BUILD)/packages/root
IMAGE          := $(IMAGE_BUILD)/gimbal.img

.PHONY: board board-check image image-test image-packages flash

image-packages:
	@Tools/setup.sh image

# What the archive has when it is first asked; `rm -r .build-image/packages` asks again.
$(IMAGE_PACKAGES): Tools/board/fetch.sh | image-packages
	@Tools/board/fetch.sh $(dir $@) @kernel busybox-static u-boot-rpi u-boot-qemu raspi-firmware

board: $(IMAGE_PACKAGES) ## The device-tree overlay of the board, and the CM4's tree with it applied
	@Tools/board/overlay.sh $(IMAGE_ROOT)/usr/lib/linux-image-*/broadcom/bcm2711-rpi-cm4-io.dtb $(BOARD_BUILD)

board-check: board ## Overlay, udev rules, service and image agree with board.conf and the firmware
	@python3 Tools/board.py check $(BOARD_BUILD)/gimbal.dtb $(IMAGE_ROOT)/boot/vmlinuz-*

image: firmware board ## The image for SD card or eMMC: boot loaders, two slots, journal
	@Tools/board/image.sh $(ARM64_STATIC) $(IMAGE_BUILD)

flash: ## Write the image: make flash DEVICE=/dev/NAME [CONFIRM=NAME] [BIG=1], as root
	@python3 Tools/flash.py $(IMAGE) $(DEVICE) $(if $(CONFIRM),--confirm $(CONFIRM)) $(if $(BIG),--big)

image-test: image $(SESSIONS_STAMP) ## The image in the emulator: boot, update, roll-back, cut of power, damage
	@$(SESSIONS_PYTHON) Tests/Image/run.py $(IMAGE_BUILD)
