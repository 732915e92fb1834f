/* What only the static image of the board has, in place of pieces of the C library: nobody includes this. The allocator
 * is `malloc` and its kin, declared in <stdlib.h>, and its seal, declared in clinux.h. */
#ifndef GIMBAL_CSTATIC_H
#define GIMBAL_CSTATIC_H
#endif
