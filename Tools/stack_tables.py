"""What Tools/stack.py sums, and what the code alone does not tell it."""

# What is summed: its name on the page, the functions that it begins with, whether without their own frames, the limit.
# What starts the program holds the module in its frames. The control thread begins in the C library, on a stack of its
# own, and first touches 8 KiB of it, which are there for what follows and not counted.
SUMS = [
    ("whole program", r"^Firmware_main$", False, 256 * 1024),
    ("working loop, below the frame that holds the module", r"^\$e8Firmware4MainV3run", True, 16 * 1024),
    ("control thread", r"^start$", False, 16 * 1024),
]
# Behind these starts the allocator is sealed: no path leads from them to it.
SEALED = ["working loop, below the frame that holds the module", "control thread"]
ALLOCATOR = {"malloc", "calloc", "realloc", "aligned_alloc"}
UNCOUNTED = {"control thread": r"^touch_stack$"}

# Calls through a register: the functions that make them, those that they can reach (none: code outside of the image).
INDIRECT = [
    (r"12ChernoffTailO9mean(Upper|Lower)", r"12ChernoffTailO13fraction(Upper|Lower)", "merged by the compiler"),
    (r"13KeyLengthPlanV6result", r"14PooledEstimateV10secretPart", "merged by the compiler"),
    (r"^gimbal_mark$", r"^gimbal_mark_\d+$", "marks for the counter of instructions"),
    (r"^(vfprintf|__fwritex)$", r"^sn_write$", "musl: a number becomes text in memory"),
    (r"^__synccall$", r"^(do_setrlimit|dummy|handler)$", "musl: for kernels before 2.6.36"),
    (r"^handler$", r"^(do_setrlimit|dummy|__restore(_rt)?)$", "musl: the same, and the way back from a signal"),
    (r"^_pthread_cleanup_pop$", r"^(undo|cleanup)$", "musl: the same"),
    (r"^(__toread|__uflow)$", r"^__stdio_(write|read)$", "musl: a number read from text"),
    (r"^scandir$", r"^dir_filter$", "libgpiod: chips among the devices"),
    (r"^(sift|trinkle)$", r"^wrapper_cmp$", "musl: devices sorted by name"),
    (r"^wrapper_cmp$", r"^alphasort$", "musl: the same"),
    (r"^__clone$", "", "musl: the new thread, on its own stack"),
    (r"^start(_c11)?$", r"^begin$", "musl: what the thread was made for"),
    (r"^begin$", r"12startControlys5Int32VAA0C4PlanVFyycfU_", "the control thread"),
    (r"^pthread_exit$", "", "musl: handlers, of which nobody leaves any"),
    (r"^__libc_exit_fini$", "", "musl: the end of the program, code of the compiler's start files"),
    (r"^close_file$", "", "musl: files of stdio, of which there are none"),
    (r"^clock_gettime$", r"^cgt_init$", "musl: the clock, and the vDSO, code of the kernel"),
    (r"^cgt_init$", "", "musl: the vDSO, code of the kernel"),
]

# Functions whose address is taken and that no call of the same thread reaches.
ELSEWHERE = r"^start(_c11)?$"

# Functions that come back to themselves, on the way counted at most so many times.
BOUNDED = [
    (r"^\$e10Controller.*5applyyy11LinkControl11ModuleEventO", 3, "an event, what fails on it, and that while faulted"),
    (r"^\$e10Controller.*7execute_4line2ony7Console7CommandV", 2, "`status` tells what another command tells"),
    (r"^\$e12FixedStorage4TextV6append7decimal", 20, "digits of a 64-bit number"),
    (r"^\$e20PrivacyAmplification15ToeplitzProductV8multiply", 15, "halves of at most 2^14 words"),
    (r"^\$e4Scpi0A3RowV7matches", 8, "nodes of a header"),
    (r"^touch_stack$", 16, "pages of 64 KiB"),
    (r"^frexpl$", 2, "musl: a number too small for its exponent, and the same one scaled"),
]
