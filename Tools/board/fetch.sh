#!/usr/bin/env bash
# Fetches the arm64 packages that an image is made of and unpacks them; nothing is installed, and apt's own lists and
# the architectures of this machine stay as they are. Names of packages stand here, versions nowhere: what the archive
# has now is taken, and OUTPUT/packages.txt tells what that was.
# usage: Tools/board/fetch.sh OUTPUT PACKAGE...    @kernel stands for Debian's newest real-time kernel
set -eu -o pipefail
output=$1
shift
mkdir -p "$output/apt/lists/partial" "$output/apt/cache/archives/partial" "$output/deb" "$output/root"
output=$(cd "$output" && pwd)

fail() {
  echo "fetch: $1" >&2
  exit 1
}

# The archive that this machine uses, with firmware that is not free beside the rest.
apt-get indextargets 'Created-By: Packages' 'Origin: Debian' --format '$(REPO_URI) $(RELEASE)' 2> /dev/null | sort -u |
  while read -r uri release; do
    echo "deb $uri $release main non-free-firmware"
  done > "$output/apt/sources.list"
[ -s "$output/apt/sources.list" ] || fail "apt knows no Debian archive; run apt-get update first"
cat > "$output/apt/apt.conf" << EOF
Dir::State::lists "$output/apt/lists/";
Dir::Cache "$output/apt/cache/";
Dir::Etc::sourcelist "$output/apt/sources.list";
Dir::Etc::sourceparts "-";
APT::Architecture "arm64";
APT::Architectures "arm64";
APT::Sandbox::User "root";
APT::Get::List-Cleanup "false";
Acquire::Languages "none";
EOF
export APT_CONFIG=$output/apt/apt.conf
apt-get update > "$output/apt/log" 2>&1 || { tail -n 5 "$output/apt/log" >&2; fail "apt-get update failed"; }

: > "$output/packages.txt.new"
cd "$output/deb"
for package in "$@"; do
  if [ "$package" = @kernel ]; then
    # The package without a version in its name depends on the one to take.
    package=$(apt-cache depends linux-image-rt-arm64 | sed -n 's/^ *Depends: \(linux-image-[^:]*\).*/\1/p' | head -n 1)
    [ -n "$package" ] || fail "the archive has no linux-image-rt-arm64"
  fi
  version=$(apt-cache policy "$package" | sed -n 's/^ *Candidate: //p')
  case $version in
    '' | '(none)') fail "the archive has no package $package; is its component in $output/apt/sources.list?" ;;
  esac
  echo "$package $version" >> "$output/packages.txt.new"
  file=${package}_${version//:/%3a}
  if ! ls "$file"_*.deb > /dev/null 2>&1; then
    echo "fetch: $package $version"
    apt-get download "$package" > "$output/apt/log" 2>&1 || { tail -n 5 "$output/apt/log" >&2; fail "no $package"; }
  fi
done
if ! cmp -s "$output/packages.txt.new" "$output/packages.txt"; then
  rm -rf "$output/root"
  mkdir "$output/root"
  while read -r package version; do
    dpkg-deb -x "$package"_"${version//:/%3a}"_*.deb "$output/root"
  done < "$output/packages.txt.new"
fi
mv "$output/packages.txt.new" "$output/packages.txt"
