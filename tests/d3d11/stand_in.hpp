// A stand-in for Direct3D 11: a device of ours, with textures, keyed mutexes and fences that are shared between devices
// and processes as Microsoft documents it.
//
// Real in it are NT handles, their rights and their owners, processes and their deaths, pages and pixels, and the order
// of commands: what is recorded runs when it is flushed, and stops at a fence that is not reached. Its own are the
// codes of errors, and what a GPU, its driver and its formats would do. A resource is an NT section with a header; a
// legacy handle is a number that names one as long as somebody has it open. The depth of a mutex is not the system's:
// it is a word in the header, and its holder a process that may have died.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include <d3d11_4.h>

#include "dxgi/com.hpp"

namespace geyser::test::stand_in {

struct Options {
  std::array<std::uint8_t, 8> luid{1, 2, 3, 4, 5, 6, 7, 8};
  bool fences = true;     // ID3D11Device5
  bool by_handle = true;  // CreateSharedHandle
  bool by_number = true;  // GetSharedHandle
  bool mips = true;       // of shared textures
};
dxgi::Com<ID3D11Device> make_device(const Options& options = {});

// What the next call of that name answers, of any device of this process ("AcquireSync").
void answer_next(const std::string& call, HRESULT result);
// From now on, of that device.
void remove_device(ID3D11Device& device, HRESULT reason);
// D3D11_CREATE_DEVICE_FLAG, as the device says from now on.
void set_creation_flags(ID3D11Device& device, UINT flags);
// Calls since the last time, those that a test can want to see in order: "AcquireSync(0)", "Wait(3)", "Flush".
std::vector<std::string> take_calls();
// COM objects that are alive in this process.
std::size_t live_objects();

}  // namespace geyser::test::stand_in
