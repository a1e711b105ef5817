/* Linked into every unit program: CMOCKA_ONLY='*name*' runs the cases that match, as `make test ONLY=name` does. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

__attribute__((constructor)) static void choose_cases(void)
{
    const char *pattern = getenv("CMOCKA_ONLY");
    if (pattern)
        cmocka_set_test_filter(pattern);
}
