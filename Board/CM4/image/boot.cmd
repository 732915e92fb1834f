# Chooses the slot, for U-Boot. The variables are those of RAUC's U-Boot scheme: BOOT_ORDER, and BOOT_A_LEFT and
# BOOT_B_LEFT, the starts that a slot has left. They live in two sectors in front of the first partition, each with a
# checksum and BOOT_SERIAL; the newer valid one counts, the other one is written. A cut of power leaves one whole.
# Debian's U-Boot for the Raspberry Pi has neither FIT nor SHA-256. A slot is a FIT all the same, which is a device tree:
# its parts are found as properties and checked by CRC-32, and by SHA-256 besides where U-Boot can.
setenv memory 0
if test "${devtype}" = virtio; then setenv memory 40000000; fi
setexpr scratch ${memory} + 3e00000
setexpr tree ${memory} + c000000
setexpr kernel ${memory} + 4000000
setexpr slot_at ${memory} + 8000000
${devtype} dev ${devnum}

# The newer one of the two sectors. A serial of 0 is none.
setenv serial_0 0
setenv serial_1 0
${devtype} read ${scratch} 100 1
if env import -c ${scratch} 200 BOOT_SERIAL; then setenv serial_0 ${BOOT_SERIAL}; fi
${devtype} read ${scratch} 108 1
if env import -c ${scratch} 200 BOOT_SERIAL; then setenv serial_1 ${BOOT_SERIAL}; fi
setenv BOOT_ORDER "A B"
setenv BOOT_A_LEFT 3
setenv BOOT_B_LEFT 3
setenv BOOT_SERIAL 0
setenv newest 100
setenv oldest 108
if itest ${serial_1} -gt ${serial_0}; then setenv newest 108; setenv oldest 100; fi
${devtype} read ${scratch} ${newest} 1
if env import -c ${scratch} 200 BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT BOOT_SERIAL; then
  echo "slots: order ${BOOT_ORDER}, left A ${BOOT_A_LEFT} B ${BOOT_B_LEFT}"
else
  echo "slots: no state, starting with A"
fi
setenv keep 'setexpr BOOT_SERIAL ${BOOT_SERIAL} + 1; env export -c -s 200 ${scratch} BOOT_ORDER BOOT_A_LEFT BOOT_B_LEFT BOOT_SERIAL; ${devtype} write ${scratch} ${oldest} 1'

# One part of the FIT: where it is, how long, and whether its CRC-32 is right. U-Boot with hash drivers stores the
# checksum high byte first, without them in the order of the processor.
setenv check_part 'setenv good; setenv at; setenv size; setenv want_at; setenv want; fdt get addr at /images/${part} data && fdt get size size /images/${part} data && fdt get addr want_at /images/${part}/hash-2 value && fdt get value want /images/${part}/hash-2 value && crc32 ${at} ${size} ${scratch} && setexpr.l got *${scratch} && if itest ${got} == ${want}; then setenv good 1; elif cmp.b ${want_at} ${scratch} 4; then setenv good 1; fi'
# A slot: the head of its first sector tells the size, high byte first, then the whole is read and checked.
setenv read_size 'setexpr head ${slot_at} + 5; setexpr.b high *${head}; setexpr head ${slot_at} + 6; setexpr.b middle *${head}; setexpr head ${slot_at} + 7; setexpr.b low *${head}; setexpr total ${high} * 100; setexpr total ${total} + ${middle}; setexpr total ${total} * 100; setexpr total ${total} + ${low}; setexpr sectors ${total} + 1ff; setexpr sectors ${sectors} / 200'
setenv check_slot 'setenv ready; part start ${devtype} ${devnum} ${number} first; part size ${devtype} ${devnum} ${number} room; ${devtype} read ${slot_at} ${first} 1; if fdt addr ${slot_at}; then run read_size; if itest ${sectors} -le ${room}; then ${devtype} read ${slot_at} ${first} ${sectors}; fdt addr ${slot_at}; setenv part kernel; run check_part; setenv kernel_at ${at}; if test -n "${good}"; then setenv part ramdisk; run check_part; setenv ramdisk_at ${at}; setenv ramdisk_size ${size}; setenv ready ${good}; fi; fi; fi; if test -n "${ready}" && test "${board}" = qemu-arm; then iminfo ${slot_at} || setenv ready; fi'

setenv chosen
for slot in ${BOOT_ORDER}; do
  if test -z "${chosen}"; then
    setenv left 0
    if test "${slot}" = A; then setenv number 2; setenv left ${BOOT_A_LEFT}; fi
    if test "${slot}" = B; then setenv number 3; setenv left ${BOOT_B_LEFT}; fi
    if itest ${left} -gt 0; then
      run check_slot
      if test -n "${ready}"; then
        setenv chosen ${slot}
        setexpr left ${left} - 1
      else
        echo "slots: ${slot} is damaged"
        setenv left 0
      fi
      if test "${slot}" = A; then setenv BOOT_A_LEFT ${left}; fi
      if test "${slot}" = B; then setenv BOOT_B_LEFT ${left}; fi
    fi
  fi
done
if test -z "${chosen}"; then
  echo "slots: none can be started; both get their starts back"
  setenv BOOT_A_LEFT 3
  setenv BOOT_B_LEFT 3
  run keep
  sleep 5
  reset
fi
run keep
echo "slots: starting ${chosen}"
fdt get value arguments /configurations/module bootargs
# For the bench: a line extra_args=... in gimbal.env.
setenv extra_args
if test -e ${devtype} ${devnum}:1 gimbal.env; then
  load ${devtype} ${devnum}:1 ${scratch} gimbal.env
  env import -t ${scratch} ${filesize} extra_args
fi
setenv bootargs "${arguments} gimbal.slot=${chosen} ${extra_args}"
unzip ${kernel_at} ${kernel}
# The tree that U-Boot itself was given: the firmware of the board has filled in memory, serial number, MAC address.
fdt addr ${fdtcontroladdr}
fdt move ${fdtcontroladdr} ${tree} 200000
booti ${kernel} ${ramdisk_at}:${ramdisk_size} ${tree}
echo "slots: ${chosen} did not start"
reset
