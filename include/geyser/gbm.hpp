// GBM, Mesa's allocator, on a DRM node: dma-bufs with modifiers for whoever opens them. libgbm is loaded at run time:
// nothing links it, and no header of it is needed.
//
// Handle kinds: dma_buf, made and never opened: formats with a DRM fourcc, one mip, one layer. Fence kinds:
// host_timeline, sync_file, drm_syncobj (where the node has timelines), all on the CPU.
//
// A manager of this kind is an allocator. Its textures have no pixels here: an access waits and signals, which is what
// a session needs in which this end only gives memory out. Give its parcels to the managers of other APIs, or give it
// to one by use_allocator(): to any, since a dma-buf is of no one device. What the CPU is to see, the host manager maps
// (modifier LINEAR).
//
// Memory is asked for by the agreement's list of modifiers (gbm_bo_create_with_modifiers2), and which of them it got is
// read back. Where a driver knows no lists, LINEAR alone is asked for by GBM_BO_USE_LINEAR. A driver that then names
// none of those it was given (or INVALID, which is none) is refused.
//
// Ownership: the node's descriptor is the manager's own. Threads: a manager from one thread at a time; a texture, too.
// See gbm.h and linux/dma-buf.h.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include <geyser/export.hpp>
#include <geyser/manager.hpp>

namespace geyser::gbm {

struct Options {
  // "/dev/dri/renderD128"; empty: the first node that GBM makes buffers at, render nodes first.
  std::string node;
  // What those who will open the memory can open beside LINEAR, best first: importable_modifiers(). GBM names none by
  // itself; each is tried with each format, and is a row of the capabilities where it works.
  std::vector<std::uint64_t> modifiers;
  bool scanout = false;  // the memory is also for a display of this device (GBM_BO_USE_SCANOUT)
  DiagnosticHandler diagnostics;
};

// Errors: not_available (no libgbm, no node, or none at which it makes buffers; every node that was tried is named).
[[nodiscard]] GEYSER_API Result<std::unique_ptr<TextureShareManager>> create_manager(const Options& options = {});

// Every tiled modifier of the dma-bufs that a device opens, in the order of its rows.
[[nodiscard]] GEYSER_API std::vector<std::uint64_t> importable_modifiers(const Capabilities& capabilities);

}  // namespace geyser::gbm
