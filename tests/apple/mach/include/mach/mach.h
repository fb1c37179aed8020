// What Geyser uses of Mach, for the double of ports on Linux: src/platform/apple's channel and handles run on it
// unchanged. Only the double's own programs see this header; for macOS the sources get Darwin's.
#pragma once

#include <stdint.h>
#include <sys/types.h>

typedef unsigned int natural_t;
typedef natural_t mach_port_t;
typedef mach_port_t mach_port_name_t;
typedef int kern_return_t;
typedef kern_return_t mach_msg_return_t;
typedef unsigned int mach_msg_bits_t;
typedef unsigned int mach_msg_size_t;
typedef int mach_msg_id_t;
typedef int mach_msg_option_t;
typedef unsigned int mach_msg_timeout_t;
typedef unsigned int mach_msg_type_name_t;
typedef unsigned int mach_port_right_t;
typedef int mach_port_delta_t;

typedef struct {
  mach_msg_bits_t msgh_bits;
  mach_msg_size_t msgh_size;
  mach_port_t msgh_remote_port;
  mach_port_t msgh_local_port;
  mach_port_name_t msgh_voucher_port;
  mach_msg_id_t msgh_id;
} mach_msg_header_t;
typedef struct {
  mach_msg_size_t msgh_descriptor_count;
} mach_msg_body_t;
typedef struct {
  mach_port_t name;
  mach_msg_size_t pad1;
  unsigned int pad2 : 16;
  unsigned int disposition : 8;
  unsigned int type : 8;
} mach_msg_port_descriptor_t;
typedef struct {
  unsigned int val[8];
} audit_token_t;
typedef struct {
  unsigned int msgh_trailer_type, msgh_trailer_size, msgh_seqno;
  unsigned int msgh_sender[2];
  audit_token_t msgh_audit;
} mach_msg_audit_trailer_t;

#define MACH_PORT_NULL 0U
#define MACH_PORT_DEAD (~0U)
#define MACH_PORT_RIGHT_SEND 0U
#define MACH_PORT_RIGHT_RECEIVE 1U
#define MACH_MSG_TYPE_PORT_SEND 17U
#define MACH_MSG_TYPE_COPY_SEND 19U
#define MACH_MSG_TYPE_MAKE_SEND 20U
#define MACH_MSG_TYPE_MAKE_SEND_ONCE 21U
#define MACH_MSG_PORT_DESCRIPTOR 0U
#define MACH_MSGH_BITS_COMPLEX 0x80000000U
#define MACH_MSGH_BITS(remote, local) ((remote) | ((local) << 8))
#define MACH_SEND_MSG 0x1
#define MACH_RCV_MSG 0x2
#define MACH_SEND_TIMEOUT 0x10
#define MACH_RCV_TIMEOUT 0x100
#define MACH_MSG_TRAILER_FORMAT_0 0
#define MACH_RCV_TRAILER_AUDIT 3
#define MACH_RCV_TRAILER_TYPE(x) (((x) & 0xf) << 28)
#define MACH_RCV_TRAILER_ELEMENTS(x) (((x) & 0xf) << 24)
#define KERN_SUCCESS 0
#define KERN_INVALID_NAME 15
#define KERN_INVALID_RIGHT 17
#define KERN_RESOURCE_SHORTAGE 6
#define MACH_MSG_SUCCESS 0
#define MACH_SEND_INVALID_DEST 0x10000003
#define MACH_SEND_TIMED_OUT 0x10000004
#define MACH_SEND_INTERRUPTED 0x10000007
#define MACH_SEND_INVALID_RIGHT 0x1000000a
#define MACH_RCV_INVALID_NAME 0x10004002
#define MACH_RCV_TIMED_OUT 0x10004003
#define MACH_RCV_TOO_LARGE 0x10004004

#ifdef __cplusplus
extern "C" {
#endif
extern mach_port_t bootstrap_port;
mach_port_t mach_task_self(void);
kern_return_t mach_port_allocate(mach_port_t task, mach_port_right_t right, mach_port_name_t* name);
kern_return_t mach_port_mod_refs(mach_port_t task, mach_port_name_t name, mach_port_right_t right,
                                 mach_port_delta_t delta);
kern_return_t mach_port_insert_right(mach_port_t task, mach_port_name_t name, mach_port_t right,
                                     mach_msg_type_name_t type);
kern_return_t mach_port_request_notification(mach_port_t task, mach_port_name_t name, mach_msg_id_t id,
                                             natural_t sync, mach_port_t notify, mach_msg_type_name_t type,
                                             mach_port_t* previous);
mach_msg_return_t mach_msg(mach_msg_header_t* message, mach_msg_option_t option, mach_msg_size_t send_size,
                           mach_msg_size_t receive_limit, mach_port_name_t receive_name, mach_msg_timeout_t timeout,
                           mach_port_name_t notify);
void mach_msg_destroy(mach_msg_header_t* message);
#ifdef __cplusplus
}
#endif
