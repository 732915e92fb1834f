/* How a program that starts itself anew hands its pseudo terminal on: GIMBAL_CONSOLE=DESCRIPTOR,DESCRIPTOR. */
#ifndef GIMBAL_RESTART_H
#define GIMBAL_RESTART_H
#define GIMBAL_CONSOLE "GIMBAL_CONSOLE="
#endif
