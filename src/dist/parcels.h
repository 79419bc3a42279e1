// Bytes from all other ranks to rank 0, as they become ready: finished pictures, to the one who writes them.
#pragma once

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <span>
#include <thread>
#include <vector>

#include "dist/group.h"

namespace pixnerd::dist {

struct Parcel {
  int64_t number = 0;  // 0 or more
  int64_t width = 0, height = 0;
  std::vector<uint8_t> bytes;
};

class Parcels {
 public:
  // On rank 0 `take` is called in a thread of its own with each parcel of the others, until finish(). A group must
  // have one Parcels at a time, and make no other call meanwhile.
  Parcels(std::shared_ptr<const Group> group, std::function<void(Parcel)> take);
  ~Parcels();  // on rank 0 waits, unless finish() was called, until the others have ended or are lost
  Parcels(const Parcels&) = delete;
  Parcels& operator=(const Parcels&) = delete;

  // On the other ranks; returns when it was sent. PeerError.
  void send(const Parcel& parcel);

  // Nothing more comes from this rank; on rank 0 waits for the others, and throws what `take` threw, or PeerError.
  void finish();

 private:
  void receive();

  std::shared_ptr<const Group> group_;
  std::function<void(Parcel)> take_;
  bool has_finished_ = false;
  std::exception_ptr error_;
  std::thread thread_;
};

}  // namespace pixnerd::dist
