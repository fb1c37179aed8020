// A way of telling readers in other processes that there is something new, and perhaps of handing it over.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace bench {

// Lives in a process of its own.
class Writer {
 public:
  virtual ~Writer() = default;
  // Everything that is done before the frame is complete in the writer's own hands; `number` counts from 1.
  virtual bool prepare(std::uint64_t number) {
    static_cast<void>(number);
    return true;
  }
  virtual bool send(std::uint64_t number) = 0;
};

struct Received {
  std::uint64_t number = 0;  // 0: there was nothing for a while
  std::uint64_t at_ns = 0;   // when the call that waited had returned
};

// Lives in a process of its own.
class Reader {
 public:
  virtual ~Reader() = default;
  // Sleeps until there is something newer.
  virtual Received receive() = 0;
  // What was received is used no more. False: it was not what had been sent.
  virtual bool done() { return true; }
};

struct Ground {
  std::size_t readers = 1;
  std::string directory;  // empty, closed to other users
  std::uint32_t width = 64;
  std::uint32_t height = 64;
  std::size_t bytes() const { return std::size_t{width} * height * 4; }
};

// Made in the program, before the processes: holds what they inherit.
class Way {
 public:
  virtual ~Way() = default;
  // Null: it cannot be, and `why` says why.
  virtual std::unique_ptr<Writer> make_writer(std::string& why) = 0;
  virtual std::unique_ptr<Reader> make_reader(std::size_t index, std::string& why) = 0;
};

struct NamedWay {
  const char* name;
  std::unique_ptr<Way> (*make)(const Ground& ground);
};

// The floor: what the kernel takes to wake somebody, and nothing else. Each reader has an eventfd of its own; the word
// of the futex is one for all.
std::unique_ptr<Way> make_eventfd(const Ground& ground);
std::unique_ptr<Way> make_polled_eventfd(const Ground& ground);
std::unique_ptr<Way> make_futex(const Ground& ground);
// A feed in host memory, so that no driver is in the figures.
std::unique_ptr<Way> make_feed(const Ground& ground);         // acquire() sleeps
std::unique_ptr<Way> make_polled_feed(const Ground& ground);  // poll() on event() sleeps
std::unique_ptr<Way> make_awake_feed(const Ground& ground);   // looks once in a while, as a renderer does
// Whole pictures.
std::unique_ptr<Way> make_host_copy(const Ground& ground);
std::unique_ptr<Way> make_gstreamer(const Ground& ground);

}  // namespace bench
