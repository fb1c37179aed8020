// What it takes to share a texture and to open a feed, once: two devices in one process, so that nothing but the calls
// is measured.
#include <unistd.h>

#include <optional>

#include <geyser/import_cache.hpp>
#include <geyser/stream/publisher.hpp>
#include <geyser/stream/subscriber.hpp>

#include "alone.hpp"
#include "bare_ring.hpp"
#include "clock.hpp"
#include "figures.hpp"
#include "geyser_end.hpp"
#include "grid.hpp"

namespace bench {

namespace {

using Manager = std::shared_ptr<geyser::TextureShareManager>;

// Microseconds of one call.
template <typename Call>
double time(std::vector<double>& all, Call call) {
  const std::uint64_t begin = now_ns();
  call();
  all.push_back(static_cast<double>(now_ns() - begin) / 1000.0);
  return all.back();
}

Manager open(const Settings& settings) {
  geyser::vulkan::Options options;
  options.device.index = settings.device_index;
  return must(geyser::vulkan::create_manager(options));
}

Json row_of(const char* what, const Scene& scene, const char* way, const std::vector<double>& all, Chapter& chapter) {
  add_line(chapter.table, "%-24s %-22s %-10s %10.1f %10.1f %6zu", what, text(scene).c_str(), way, median(all),
           quantile(all, 0.9), all.size());
  return {{"what", what}, {"width", scene.width},  {"height", scene.height},       {"depth", scene.depth},
          {"way", way},   {"p50_us", median(all)}, {"p90_us", quantile(all, 0.9)}, {"count", all.size()}};
}

void textures(const Scene& scene, unsigned count, const Manager& from, const Manager& to, const BareVulkan& bare_from,
              const BareVulkan& bare_to, Chapter& chapter) {
  std::vector<double> make, give, open_it, bare_make, bare_open;
  const auto descriptor = descriptor_of(scene);
  for (unsigned i = 0; i < count; ++i) {
    std::unique_ptr<geyser::SharedTexture> made;
    std::unique_ptr<geyser::SharedTexture> opened;
    geyser::ApiTextureHandle parcel;
    time(make, [&] { made = must(from->create_texture(descriptor, geyser::HandleKind::opaque_fd)); });
    time(give, [&] { parcel = must(from->export_texture(*made)); });
    time(open_it, [&] { opened = must(to->import_shared_texture(std::move(parcel))); });
    opened.reset();
    made.reset();
    int fd = -1;
    BareImage mine;
    BareImage theirs;
    time(bare_make, [&] {
      mine = make_image(bare_from, scene.width, scene.height, Memory::exported, fd, 0, 0, format_of(scene));
    });
    time(bare_open, [&] {
      theirs = make_image(bare_to, scene.width, scene.height, Memory::imported, fd, mine.size, mine.memory_type,
                          format_of(scene));
    });
    destroy(bare_to, theirs);
    destroy(bare_from, mine);
  }
  chapter.figures.push_back(row_of("texture: make, export", scene, "bare", bare_make, chapter));
  chapter.figures.push_back(row_of("texture: make", scene, "geyser", make, chapter));
  chapter.figures.push_back(row_of("texture: export", scene, "geyser", give, chapter));
  chapter.figures.push_back(row_of("texture: import", scene, "bare", bare_open, chapter));
  chapter.figures.push_back(row_of("texture: import", scene, "geyser", open_it, chapter));
}

// Drivers whose opaque descriptors all look alike have no hits: the cache says so itself.
void cache(const Scene& scene, unsigned count, geyser::HandleKind kind, const Manager& from, const Manager& to,
           Chapter& chapter) {
  std::vector<double> first, again;
  std::uint64_t hits = 0;
  std::uint64_t uncached = 0;
  const std::string name = "cache, " + std::string(to_string(kind));
  geyser::NegotiationPolicy only;
  only.allow_opaque = kind == geyser::HandleKind::opaque_fd;
  only.allow_dma_buf = kind == geyser::HandleKind::dma_buf;
  only.allow_host_linear = only.allow_host_copy = kind == geyser::HandleKind::host_memory;
  const auto agreement = geyser::negotiate(descriptor_of(scene), from->capabilities(), to->capabilities(), only);
  if (!agreement || agreement->handle_kind != kind) {
    add_line(chapter.table, "%-24s not measured: this device does not share so", name.c_str());
    return;
  }
  for (unsigned i = 0; i < count; ++i) {
    const auto made = must(from->create_texture(descriptor_of(scene), *agreement));
    geyser::ImportCache cache(to);
    for (std::vector<double>* all : {&first, &again}) {
      auto parcel = must(from->export_texture(*made));
      time(*all, [&] { must(cache.import(std::move(parcel))); });
    }
    hits += cache.statistics().hits;
    uncached += cache.statistics().uncached;
  }
  chapter.figures.push_back(row_of((name + ": first").c_str(), scene, "geyser", first, chapter));
  Json row = row_of((name + ": again").c_str(), scene, "geyser", again, chapter);
  row.update({{"hits", hits}, {"uncached", uncached}});
  row["kind"] = to_string(kind);
  add_line(chapter.table, "%-24s %llu of %u were hits, %llu of %u parcels cannot be cached", "",
           static_cast<unsigned long long>(hits), count, static_cast<unsigned long long>(uncached), 2 * count);
  chapter.figures.push_back(std::move(row));
}

void feeds(const Scene& scene, unsigned count, const Manager& from, const Manager& to, Chapter& chapter) {
  std::vector<double> publish, subscribe;
  for (unsigned i = 0; i < count; ++i) {
    std::optional<geyser::stream::Publisher> publisher;
    geyser::stream::PublisherOptions options;
    options.name = "set-up " + std::to_string(i);
    options.runtime_directory = scene.directory;
    options.ring_size = scene.depth;
    geyser::stream::SubscriberOptions wanted;
    wanted.feed = options.name;
    wanted.runtime_directory = scene.directory;
    time(publish, [&] {
      publisher.emplace(must(geyser::stream::Publisher::create(from, descriptor_of(scene), std::move(options))));
    });
    must(publisher->publish(must(publisher->begin_frame())));
    time(subscribe, [&] {
      auto subscriber = must(geyser::stream::Subscriber::create(to, std::move(wanted)));
      for (const std::uint64_t end = now_ns() + 20'000'000'000U; now_ns() < end;) {
        publisher->service();
        auto frame = subscriber.acquire(std::chrono::microseconds(100));
        if (!frame) continue;
        must(subscriber.release(*std::move(frame)));
        return;
      }
      throw std::runtime_error("no first frame came");
    });
  }
  chapter.figures.push_back(row_of("feed: Publisher::create", scene, "geyser", publish, chapter));
  chapter.figures.push_back(row_of("feed: first frame", scene, "geyser", subscribe, chapter));
}

}  // namespace

Chapter measure_set_up(const Settings& settings) {
  return run_alone([&] {
    Chapter chapter;
    chapter.figures = Json::array();
    add_line(chapter.table,
             "set-up: microseconds of one call; a first frame: Subscriber::create() to acquire(), both "
             "managers being open. Over processes: geyser-bench-streams --only first-frame.");
    add_line(chapter.table, "%-24s %-22s %-10s %10s %10s %6s", "what", "size, ring, consumers", "way", "p50", "p90",
             "count");
    const unsigned count = 2 * settings.rounds;
    const Manager from = open(settings);
    const Manager to = open(settings);
    const BareVulkan bare_from = BareVulkan::open(settings.device_index);
    const BareVulkan bare_to = BareVulkan::open(settings.device_index);
    Scene scene;
    scene.depth = 1;
    for (const Size& size : settings.sizes) {
      scene.width = size[0];
      scene.height = size[1];
      textures(scene, count, from, to, bare_from, bare_to, chapter);
    }
    scene.width = settings.size[0];
    scene.height = settings.size[1];
    for (const auto kind :
         {geyser::HandleKind::opaque_fd, geyser::HandleKind::dma_buf, geyser::HandleKind::host_memory}) {
      cache(scene, count, kind, from, to, chapter);
    }
    scene.depth = settings.depth;
    scene.directory = settings.directory;
    feeds(scene, count, from, to, chapter);
    return chapter;
  });
}

}  // namespace bench
