#include <filesystem>

#include <geyser/stream/directory.hpp>

#include "backend.hpp"
#include "commands.hpp"
#include "feed_text.hpp"

namespace geyser::tool {

namespace {

struct Options {
  std::string format = "rgba8_unorm";
  bool verbose = false;
};

// One API on one device, or why there is none.
struct Patient {
  std::string name;
  std::shared_ptr<TextureShareManager> manager;
  std::string problem;
  std::string cure;
};

std::string cure_for(const std::string& backend, const std::string& problem) {
  const auto says = [&](const char* words) { return problem.find(words) != std::string::npos; };
  if (backend == "vulkan") {
    if (says("libvulkan")) return "install the package libvulkan1";
    return "install your GPU's Vulkan driver (for software rendering: mesa-vulkan-drivers); check with vulkaninfo";
  }
  if (backend == "webgpu") {
    if (says("libwebgpu_dawn")) return "install Dawn (in Debian from forky on: the package libwebgpu-dawn0)";
    return "see docs/webgpu.md: Dawn works on Vulkan only, and header and library must be of one version";
  }
  if (backend == "cuda") return "only for NVIDIA's GPUs: install NVIDIA's driver (libcuda1); check with nvidia-smi";
  if (says("libEGL")) return "install the packages libegl1 and libegl-mesa0";
  return "install your GPU's OpenGL driver (for software rendering: libgl1-mesa-dri and libegl-mesa0)";
}

std::vector<Patient> examine() {
  std::vector<Patient> patients;
  for (const std::string& name : backend_names()) {
    // Vulkan numbers its devices; the other APIs have one each here.
    for (std::uint32_t index = 0;; ++index) {
      BackendChoice choice{name, name == "vulkan" ? std::to_string(index) : "", false};
      auto manager = open_backend(choice);
      if (!manager && index > 0) break;
      Patient patient;
      patient.name = name + (name == "vulkan" ? " " + std::to_string(index) : "");
      if (manager) {
        patient.manager = *std::move(manager);
      } else {
        patient.name = name;
        patient.problem = manager.error().to_string();
        patient.cure = cure_for(name, patient.problem);
      }
      const bool last = patient.manager == nullptr || name != "vulkan";
      patients.push_back(std::move(patient));
      if (last) break;
    }
  }
  return patients;
}

std::string cure_for(const Agreement& agreement) {
  for (const Rung& rung : agreement.rungs) {
    if (rung.chosen) break;
    if (rung.reason.find("device") != std::string::npos && rung.name == "opaque_fd") {
      return "use one device and driver at both ends, or drivers with dma_buf";
    }
  }
  return "a driver that exports and imports memory (VK_KHR_external_memory_fd, GL_EXT_memory_object_fd)";
}

Json kernel_facts() {
  std::error_code ignored;
  Json nodes = Json::array();
  for (const auto& entry : std::filesystem::directory_iterator("/dev/dri", ignored))
    nodes.push_back(entry.path().string());
  return {{"dri_nodes", nodes},
          {"udmabuf", std::filesystem::exists("/dev/udmabuf", ignored)},
          {"dma_heaps", std::filesystem::exists("/dev/dma_heap", ignored)}};
}

Json patients_json(const std::vector<Patient>& patients) {
  Json json = Json::array();
  for (const Patient& patient : patients) {
    Json one = {{"backend", patient.name}, {"opens", patient.manager != nullptr}};
    if (patient.manager == nullptr) {
      one["problem"] = patient.problem;
      one["cure"] = patient.cure;
    } else {
      const Capabilities& capabilities = patient.manager->capabilities();
      Json fences = Json::array();
      for (const FenceCapability& fence : capabilities.fences) {
        fences.push_back({{"kind", to_string(fence.kind)},
                          {"exportable", fence.exportable},
                          {"importable", fence.importable},
                          {"gpu_wait", fence.gpu_wait}});
      }
      one["device"] = capabilities.identity.device_name;
      one["driver"] = capabilities.identity.driver_name;
      one["uuid"] = to_string(capabilities.identity.device_uuid);
      one["fences"] = fences;
    }
    json.push_back(std::move(one));
  }
  return json;
}

void print_patients(const std::vector<Patient>& patients) {
  std::puts("What opens on this machine");
  for (const Patient& patient : patients) {
    if (patient.manager == nullptr) {
      std::printf("  no   %-10s %s\n       %-10s cure: %s\n", patient.name.c_str(), patient.problem.c_str(), "",
                  patient.cure.c_str());
      continue;
    }
    const DeviceIdentity& identity = patient.manager->capabilities().identity;
    std::printf("  yes  %-10s %s%s%s\n", patient.name.c_str(), identity.device_name.c_str(),
                identity.driver_name.empty() ? "" : ", ", identity.driver_name.c_str());
  }
}

void doctor(Context& context, const Options& options) {
  TextureDescriptor descriptor;
  descriptor.extent = {1920, 1080, 1};
  descriptor.format = format_from_name(options.format);
  if (descriptor.format == TextureFormat::unknown) {
    return context.fail(ExitCode::usage, "There is no format [" + options.format + "].");
  }
  const std::vector<Patient> patients = examine();
  Json pairs = Json::array();
  if (!context.json) {
    print_patients(patients);
    std::printf("\nWhat can be shared (%s)\n  %-12s %-12s %-10s %-12s %-16s\n", options.format.c_str(), "FROM", "TO",
                "PATH", "MEMORY", "SYNC");
  }
  for (const Patient& from : patients) {
    for (const Patient& to : patients) {
      if (from.manager == nullptr || to.manager == nullptr) continue;
      auto agreement = negotiate(descriptor, from.manager->capabilities(), to.manager->capabilities());
      Json pair = {{"from", from.name}, {"to", to.name}, {"shares", agreement.has_value()}};
      if (agreement) {
        pair["agreement"] = to_json(*agreement);
        if (agreement->path != SharePath::zero_copy) pair["cure"] = cure_for(*agreement);
      } else {
        pair["problem"] = agreement.error().to_string();
      }
      pairs.push_back(pair);
      if (context.json) continue;
      if (!agreement) {
        std::printf("  %-12s %-12s no: %s\n", from.name.c_str(), to.name.c_str(),
                    agreement.error().to_string().c_str());
        continue;
      }
      std::printf("  %-12s %-12s %-10s %-12s %-16s\n", from.name.c_str(), to.name.c_str(),
                  std::string(to_string(agreement->path)).c_str(),
                  std::string(to_string(agreement->handle_kind)).c_str(),
                  std::string(to_string(agreement->sync_tier)).c_str());
      if (!options.verbose) continue;
      for (const auto* rungs : {&agreement->rungs, &agreement->sync_rungs}) {
        for (const Rung& rung : *rungs) {
          if (!rung.reason.empty()) std::printf("      not %s: %s\n", rung.name.c_str(), rung.reason.c_str());
        }
      }
      if (agreement->path != SharePath::zero_copy) std::printf("      cure: %s\n", cure_for(*agreement).c_str());
    }
  }
  const auto directory = stream::Directory::open();
  const std::string path = stream::default_runtime_directory();
  if (!directory) context.exit_code = ExitCode::bad_input;
  if (context.json) {
    Json runtime = {{"path", path}, {"usable", directory.has_value()}};
    if (!directory) runtime["problem"] = directory.error().to_string();
    return print({{"backends", patients_json(patients)},
                  {"pairs", pairs},
                  {"runtime_directory", runtime},
                  {"kernel", kernel_facts()}});
  }
  std::printf("\nFeeds are in %s: %s\n", path.c_str(), directory ? "usable" : directory.error().to_string().c_str());
  if (!options.verbose) std::puts("More, with the reason for each way that was passed over: geyser doctor -v");
}

}  // namespace

void add_doctor(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command =
      app.add_subcommand("doctor", "Show what this machine can share with what, and the cure for every no");
  command->add_option("--format", options->format, "Texture format in question")->capture_default_str();
  command->add_flag("-v,--verbose", options->verbose, "Show why each way was passed over");
  command->callback([options, &context] { doctor(context, *options); });
}

}  // namespace geyser::tool
