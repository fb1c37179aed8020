// What Geyser uses of Mach, for the double of the kernel on Linux: src/platform/apple runs on it unchanged. Only the double's own programs see this header; for macOS the sources get Darwin's.
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
typedef int mach_port_flavor_t;
typedef int* mach_port_info_t;
typedef natural_t mach_msg_type_number_t;
typedef natural_t mach_port_msgcount_t;
typedef struct {
  mach_port_msgcount_t mpl_qlimit;
} mach_port_limits_t;
typedef unsigned long vm_address_t;
typedef unsigned long vm_size_t;
typedef unsigned long vm_offset_t;
typedef unsigned long long memory_object_size_t;
typedef unsigned long long memory_object_offset_t;
typedef int vm_prot_t;
typedef unsigned int vm_inherit_t;
typedef int boolean_t;
typedef int* vm_region_recurse_info_t;
typedef struct {
  unsigned char external_pager;
} vm_region_submap_info_data_64_t;

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
} mach_msg_format_0_trailer_t;
typedef struct {
  unsigned int msgh_trailer_type, msgh_trailer_size, msgh_seqno;
  unsigned int msgh_sender[2];
  audit_token_t msgh_audit;
} mach_msg_audit_trailer_t;

#define MACH_PORT_NULL 0U
#define MACH_PORT_DEAD (~0U)
#define MACH_PORT_RIGHT_SEND 0U
#define MACH_PORT_RIGHT_RECEIVE 1U
#define MACH_MSG_TYPE_PORT_RECEIVE 16U
#define MACH_MSG_TYPE_MOVE_RECEIVE 16U
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
#define MACH_PORT_LIMITS_INFO 1
#define KERN_SUCCESS 0
#define KERN_PROTECTION_FAILURE 2
#define KERN_INVALID_ARGUMENT 4
#define KERN_INVALID_NAME 15
#define KERN_INVALID_RIGHT 17
#define KERN_RESOURCE_SHORTAGE 6
#define KERN_INVALID_OBJECT 29
#define VM_PROT_READ 0x1
#define VM_PROT_WRITE 0x2
#define VM_FLAGS_ANYWHERE 0x1
#define VM_INHERIT_NONE 2U
#define MAP_MEM_NAMED_CREATE 0x020000
#define MACH_MSG_SUCCESS 0
#define MACH_SEND_INVALID_DEST 0x10000003
#define MACH_SEND_TIMED_OUT 0x10000004
#define MACH_SEND_INTERRUPTED 0x10000007
#define MACH_SEND_INVALID_RIGHT 0x1000000a
#define MACH_RCV_INVALID_NAME 0x10004002
#define MACH_RCV_TIMED_OUT 0x10004003
#define MACH_RCV_TOO_LARGE 0x10004004

// Of the double's own structures.
enum { MACH_PORT_LIMITS_INFO_COUNT = 1, VM_REGION_SUBMAP_INFO_COUNT_64 = 1, FALSE = 0 };

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
kern_return_t mach_port_deallocate(mach_port_t task, mach_port_name_t name);
kern_return_t mach_port_set_attributes(mach_port_t task, mach_port_name_t name, mach_port_flavor_t flavor,
                                       mach_port_info_t info, mach_msg_type_number_t count);
kern_return_t mach_make_memory_entry_64(mach_port_t task, memory_object_size_t* size, memory_object_offset_t offset,
                                        vm_prot_t permission, mach_port_t* entry, mach_port_t parent);
kern_return_t vm_map(mach_port_t task, vm_address_t* address, vm_size_t size, vm_address_t mask, int flags,
                     mach_port_t object, vm_offset_t offset, boolean_t copy, vm_prot_t current, vm_prot_t maximum,
                     vm_inherit_t inheritance);
kern_return_t vm_region_recurse_64(mach_port_t task, vm_address_t* address, vm_size_t* size, natural_t* depth,
                                   vm_region_recurse_info_t info, mach_msg_type_number_t* count);
#ifdef __cplusplus
}
#endif
