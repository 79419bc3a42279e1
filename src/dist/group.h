// Several processes that work on one thing, and what they say to each other: PyTorch's c10d, with Gloo between CPUs and
// NCCL between GPUs. Every call that says "collective" is made by all of them, in the same order.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <string>

#include "core/errors.h"
#include "dist/launch.h"

namespace pixnerd::dist {

// Another process has failed or is gone; the message names it and its reason. What is shared cannot go on.
struct PeerError : Error {
  using Error::Error;
};

class Group {
 public:
  // Of one process, for which every call below is trivial.
  static std::shared_ptr<Group> alone();

  // Waits until all have come, for `launch.size` processes: collective. Alone where the size is 1. RequestError where
  // they do not come within five minutes, or where this LibTorch has nothing to connect `device` by.
  static std::shared_ptr<Group> join(const Launch& launch, const at::Device& device);

  // Leaves without a word to the others unless finish() or fail() was called.
  ~Group();
  Group(const Group&) = delete;
  Group& operator=(const Group&) = delete;

  int64_t rank() const;
  int64_t size() const;
  bool is_first() const { return rank() == 0; }
  bool is_alone() const { return size() == 1; }
  int64_t local_size() const;  // of the processes on this machine

  // Collective. What every rank gives, [size, ...], in their order; float32, int64 or uint8, of the same shape.
  at::Tensor gather(const at::Tensor& values) const;

  // Collective. Whether one of them says so.
  bool any(bool here) const;

  // Collective. Tensors and texts of rank 0 for all; tensors are written into.
  void broadcast(at::Tensor& tensor) const;
  std::string broadcast(const std::string& text) const;

  // Collective: all have come so far.
  void barrier() const;

  // Collective: the work is done, and nobody's silence means anything from now on.
  void finish();

  // Tells the others why this process ends; they get it as PeerError within a second.
  void fail(const std::string& reason) noexcept;

  // Throws PeerError if another is known to be lost.
  void check() const;

  // In a handler, of what a collective has thrown: waits until it is known who was lost, and throws PeerError. What is
  // no matter of connections, an Error of ours or memory that has ended, is thrown on.
  [[noreturn]] void explain(const std::exception& error) const;

  // Seconds in which this process waited for others.
  double waited() const;
  void add_wait(double seconds) const;

  struct Connection;  // connection.h; null where it is alone
  Connection* connection() const { return connection_.get(); }

 private:
  explicit Group(std::unique_ptr<Connection> connection);

  std::unique_ptr<Connection> connection_;
};

}  // namespace pixnerd::dist
