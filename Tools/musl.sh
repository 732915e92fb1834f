# Sourced: how clang compiles and links for the board with musl, Debian's package for arm64. The toolset of the board
# says the same to SwiftPM. crtbegin.o and libgcc are those of the cross compiler.
compile_musl=(--target=aarch64-linux-musl --gcc-triple=aarch64-linux-gnu -isystem /usr/include/aarch64-linux-musl
  -mcpu=cortex-a72 -mno-outline-atomics)
link_musl=(--target=aarch64-linux-musl --gcc-triple=aarch64-linux-gnu -B/usr/lib/aarch64-linux-musl
  -L/usr/lib/aarch64-linux-musl -static)
