// Everything that is common to all APIs. Each API adds its own header (geyser/vulkan.hpp, geyser/opengl.hpp, ...).
#pragma once

#include <geyser/capabilities.hpp>
#include <geyser/descriptor.hpp>
#include <geyser/dma_buf.hpp>
#include <geyser/error.hpp>
#include <geyser/fence.hpp>
#include <geyser/format.hpp>
#include <geyser/handle.hpp>
#include <geyser/identity.hpp>
#include <geyser/import_cache.hpp>
#include <geyser/layout.hpp>
#include <geyser/manager.hpp>
#include <geyser/negotiate.hpp>
#include <geyser/texture.hpp>
#include <geyser/version.hpp>
