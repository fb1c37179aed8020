#include "commands.hpp"
#include "feed_text.hpp"
#include "feeds.hpp"
#include "image.hpp"
#include "pixels.hpp"

namespace geyser::tool {

namespace {

struct Options {
  FeedChoice feed;
  std::string file;
};

void snapshot(Context& context, const Options& options) {
  const bool exr = has_extension(options.file, ".exr");
  if (!exr && !has_extension(options.file, ".png")) {
    return context.fail(ExitCode::usage, "File [" + options.file + "] ends neither in .png nor in .exr.");
  }
  OpenFeed open = open_feed(context, options.feed, stream::FrameMode::latest);
  if (open.subscriber == nullptr) return;
  stream::Frame frame = first_frame(context, options.feed, *open.subscriber);
  if (!frame.is_open()) return;
  const TextureDescriptor descriptor = frame.texture().descriptor();
  if (!is_known(descriptor.format)) {
    return context.fail(ExitCode::cannot_share, "Format [" + std::string(to_string(descriptor.format)) +
                                                    "] cannot be written as a picture by this program.");
  }
  auto gate = PixelGate::create(open.manager, descriptor);
  if (!gate) return context.fail(gate.error());
  auto bytes = gate->get(frame.texture());
  if (!bytes) return context.fail(bytes.error());
  const std::uint64_t number = frame.info().number;
  auto intact = open.subscriber->release(std::move(frame));
  if (!intact) return context.fail(intact.error());
  if (!*intact) return context.fail(ExitCode::lost, "The frame was overwritten while it was read; try again.");
  const auto saved =
      exr ? save_floats(options.file, descriptor.extent.width, descriptor.extent.height, to_floats(descriptor, *bytes))
          : save_picture(options.file, to_picture(descriptor, *bytes));
  if (!saved) return context.fail(ExitCode::bad_input, saved.error().to_string());
  if (context.json) {
    print({{"file", options.file}, {"frame", number}, {"feed", to_json(open.subscriber->feed())}});
  } else {
    std::printf("Frame %llu of [%s], %s: %s\n", static_cast<unsigned long long>(number), options.feed.feed.c_str(),
                to_string(descriptor).c_str(), options.file.c_str());
  }
}

}  // namespace

void add_snapshot(CLI::App& app, Context& context) {
  auto options = std::make_shared<Options>();
  CLI::App* command = app.add_subcommand("snapshot", "Save a frame as PNG, or as EXR with all its precision");
  add_feed_options(*command, options->feed);
  command->add_option("file", options->file, "Where to")->required()->type_name("FILE");
  command->callback([options, &context] { snapshot(context, *options); });
}

}  // namespace geyser::tool
