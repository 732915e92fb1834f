/* Places in the image that an instruction counter recognises by their symbols, gimbal_mark_0 to gimbal_mark_15: what is
 * executed after one belongs to its number, until the next. They do nothing. */
#ifndef GIMBAL_CMARKS_H
#define GIMBAL_CMARKS_H

/* Passes mark `number`, 0 to 15. */
void gimbal_mark(unsigned number);

#endif
