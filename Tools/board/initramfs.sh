#!/usr/bin/env bash
# Makes the root of a slot: static busybox, the program, the modules of the kernel that are named, our scripts.
# The same inputs make the same bytes.
# usage: Tools/board/initramfs.sh PROGRAM PACKAGES_ROOT VERSION OUTPUT.gz [FOLDER]
#        FOLDER, for tests, is copied over the root; the program is then /bin/gimbal.real
set -eu -o pipefail
cd "$(dirname "$0")/../.."
program=$1 packages=$2 version=$3 output=$4 over=${5-}
ours=Board/CM4/image
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
umask 022

mkdir -p "$root"/{bin,boot,dev,etc,journal,lib/modules,proc,run,sys,tmp,root}
install -m 0755 "$packages/bin/busybox" "$root/bin/busybox"
qemu-aarch64-static "$packages/bin/busybox" --list | while read -r applet; do
  [ "$applet" = busybox ] || ln -s busybox "$root/bin/$applet"
done
aarch64-linux-gnu-strip -o "$root/bin/gimbal" "$program"
install -m 0755 "$ours/init" "$root/init"
install -m 0755 "$ours/slot" "$root/bin/slot"
install -m 0644 "$ours/state.sh" Board/CM4/board.conf "$root/etc/"
echo "$version" > "$root/etc/version"
echo 'root:x:0:0:root:/root:/bin/sh' > "$root/etc/passwd"
echo 'root:x:0:' > "$root/etc/group"
grep -v '^#' "$ours/modules" > "$root/etc/modules"

if [ -n "$over" ]; then
  mv "$root/bin/gimbal" "$root/bin/gimbal.real"
  cp -R "$over/." "$root/"
fi

# The named modules and what they need, under the kernel's own folder.
kernel=$(basename "$packages"/lib/modules/*)
depmod -b "$packages" "$kernel"
mkdir -p "$root/lib/modules/$kernel"
cp "$packages/lib/modules/$kernel"/modules.{order,builtin,builtin.modinfo} "$root/lib/modules/$kernel/"
while read -r module; do
  modprobe -d "$(realpath "$packages")" -S "$kernel" --show-depends "$module" |
    sed -n "s|^insmod .*/\(lib/modules/[^ ]*\).*|\1|p"
done < "$root/etc/modules" | sort -u | while read -r file; do
  install -D -m 0644 "$packages/$file" "$root/$file"
done
depmod -b "$root" "$kernel"

find "$root" -exec touch --no-dereference --date "@$SOURCE_DATE_EPOCH" {} +
(
  cd "$root"
  find . -print0 | LC_ALL=C sort -z | cpio --null --create --format newc --reproducible --owner 0:0 --quiet
) | gzip -9 -n > "$output"
