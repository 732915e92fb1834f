# The disk, and what boot.cmd and Linux tell each other on it; read by init and slot.

STATE_SECTORS="256 264"
STARTS=3

# The disk whose master boot record carries the signature of the image.
find_disk() {
  for node in /sys/class/block/mmcblk[0-9] /sys/class/block/vd[a-z] /sys/class/block/sd[a-z]; do
    name=${node##*/}
    [ -b "/dev/$name" ] || continue
    if [ "$(dd if="/dev/$name" bs=1 skip=440 count=4 2> /dev/null)" = GMBL ]; then
      echo "$name"
      return 0
    fi
  done
  return 1
}

partition() {
  case $1 in
    *[0-9]) echo "/dev/$1p$2" ;;
    *) echo "/dev/$1$2" ;;
  esac
}

slot_partition() {
  case $2 in
    A) partition "$1" 2 ;;
    B) partition "$1" 3 ;;
    *) return 1 ;;
  esac
}

other_slot() {
  case $1 in
    A) echo B ;;
    B) echo A ;;
  esac
}

# CRC-32 of standard input, low byte first, as the trailer of gzip has it.
crc_bytes() {
  gzip -c | tail -c 8 | head -c 4
}

# The variables in one sector, one a line, or failure when its checksum is wrong.
state_of_sector() {
  dd if="/dev/$1" of=/tmp/state.sector bs=512 skip="$2" count=1 2> /dev/null || return 1
  head -c 4 /tmp/state.sector > /tmp/state.is
  tail -c 508 /tmp/state.sector | crc_bytes > /tmp/state.want
  cmp -s /tmp/state.is /tmp/state.want || return 1
  tail -c 508 /tmp/state.sector | tr '\000' '\n' | sed '/^$/d'
}

# Sets BOOT_ORDER, BOOT_A_LEFT, BOOT_B_LEFT, BOOT_SERIAL, and OLDEST, the sector to write next.
read_state() {
  BOOT_ORDER="A B" BOOT_A_LEFT=$STARTS BOOT_B_LEFT=$STARTS BOOT_SERIAL=0 OLDEST=${STATE_SECTORS#* }
  newest=0
  for sector in $STATE_SECTORS; do
    text=$(state_of_sector "$1" "$sector") || continue
    serial=$(echo "$text" | sed -n 's/^BOOT_SERIAL=\([0-9a-fA-F]*\)$/\1/p')
    [ -n "$serial" ] && [ $((0x$serial)) -gt "$newest" ] || continue
    newest=$((0x$serial))
    BOOT_SERIAL=$serial
    BOOT_ORDER=$(echo "$text" | sed -n 's/^BOOT_ORDER=\([AB ]*\)$/\1/p')
    BOOT_A_LEFT=$(echo "$text" | sed -n 's/^BOOT_A_LEFT=\([0-9a-f]*\)$/\1/p')
    BOOT_B_LEFT=$(echo "$text" | sed -n 's/^BOOT_B_LEFT=\([0-9a-f]*\)$/\1/p')
    for other in $STATE_SECTORS; do [ "$other" = "$sector" ] || OLDEST=$other; done
  done
}

# Writes the variables into the older sector; the newer one stays until this one is whole.
write_state() {
  BOOT_SERIAL=$(printf '%x' $((0x$BOOT_SERIAL + 1)))
  {
    printf 'BOOT_A_LEFT=%s\000BOOT_B_LEFT=%s\000BOOT_ORDER=%s\000BOOT_SERIAL=%s\000' \
      "$BOOT_A_LEFT" "$BOOT_B_LEFT" "$BOOT_ORDER" "$BOOT_SERIAL"
    dd if=/dev/zero bs=512 count=1 2> /dev/null
  } | head -c 508 > /tmp/state.body
  { crc_bytes < /tmp/state.body; cat /tmp/state.body; } > /tmp/state.sector
  dd if=/tmp/state.sector of="/dev/$1" bs=512 seek="$OLDEST" count=1 conv=notrunc,fsync 2> /dev/null
}

left_of() {
  case $1 in
    A) echo "$BOOT_A_LEFT" ;;
    B) echo "$BOOT_B_LEFT" ;;
  esac
}

set_left() {
  case $1 in
    A) BOOT_A_LEFT=$2 ;;
    B) BOOT_B_LEFT=$2 ;;
  esac
}

# The slot that runs, from the kernel's command line.
running_slot() {
  sed -n 's/.*gimbal\.slot=\([AB]\).*/\1/p' /proc/cmdline
}
