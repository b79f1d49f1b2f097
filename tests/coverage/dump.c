// SPDX-License-Identifier: MIT

/*
 * Counts of lines are written at exit(3). Workers leave by _exit(2) and a run that was interrupted
 * by the signal itself, which in the coverage build (--wrap, ld(1)) come by here first.
 */

#include <gcov.h>

void __real__exit(int status) __attribute__((noreturn));
void __wrap__exit(int status) __attribute__((noreturn));
int __real_raise(int number);
int __wrap_raise(int number);

void __wrap__exit(int status)
{
	__gcov_dump();
	__real__exit(status);
}

int __wrap_raise(int number)
{
	__gcov_dump();
	return __real_raise(number);
}
