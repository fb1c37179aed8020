// What Darwin's has beside what the C library here has.
#pragma once
#include_next <stdlib.h>

#ifdef __cplusplus
extern "C"
#endif
const char* getprogname(void);
