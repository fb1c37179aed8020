// What Geyser uses of kqueue, for the double on Linux (kqueue.cpp).
#pragma once

#include <stdint.h>
#include <sys/types.h>
#include <time.h>

struct kevent64_s {
  uint64_t ident;
  int16_t filter;
  uint16_t flags;
  uint32_t fflags;
  int64_t data;
  uint64_t udata;
  uint64_t ext[2];
};

#define EVFILT_READ (-1)
#define EVFILT_VNODE (-4)
#define EVFILT_PROC (-5)
#define EVFILT_TIMER (-7)
#define EVFILT_MACHPORT (-8)
#define EVFILT_USER (-10)
#define EV_ADD 0x0001
#define EV_DELETE 0x0002
#define EV_ENABLE 0x0004
#define EV_ONESHOT 0x0010
#define EV_CLEAR 0x0020
#define NOTE_TRIGGER 0x01000000
#define NOTE_DELETE 0x00000001
#define NOTE_WRITE 0x00000002
#define NOTE_RENAME 0x00000020
#define NOTE_EXIT 0x80000000
#define NOTE_NSECONDS 0x00000004

#ifdef __cplusplus
extern "C" {
#endif
int kqueue(void);
int kevent64(int queue, const struct kevent64_s* changes, int change_count, struct kevent64_s* events, int event_count,
             unsigned int flags, const struct timespec* timeout);
#ifdef __cplusplus
}
#endif
