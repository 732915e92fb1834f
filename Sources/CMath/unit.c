#include "cmath_device.h"
/* SwiftPM wants one source file in a C target. */
typedef int gimbal_cmath_unit;
