#pragma once
#ifdef __cplusplus
extern "C"
#endif
    char*
    mach_error_string(int error);
