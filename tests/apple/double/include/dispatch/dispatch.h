// The queue that ports are served on: the double's have a thread each.
#pragma once

typedef struct dispatch_queue_s* dispatch_queue_t;
inline dispatch_queue_t dispatch_get_global_queue(long, unsigned long) { return nullptr; }
