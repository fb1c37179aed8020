#pragma once
#include <mach/mach.h>
#define MACH_NOTIFY_NO_SENDERS 0106
#define MACH_NOTIFY_DEAD_NAME 0110
typedef struct {
  mach_msg_header_t not_header;
  unsigned char NDR[8];
  mach_port_name_t not_port;
  mach_msg_format_0_trailer_t trailer;
} mach_dead_name_notification_t;
