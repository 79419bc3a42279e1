// Pictures that are queued, and those on their way.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <map>
#include <memory>
#include <vector>

#include "engine/engine.h"
#include "engine/trajectory.h"

namespace pixnerd::engine {

struct Submission {
  PictureId id = 0;
  Picture picture;
  std::shared_ptr<Observer> observer;
};

struct Flight {
  PictureId id = 0;
  uint64_t submitter = 0;
  std::shared_ptr<const SampleConfig> settings;
  std::shared_ptr<Observer> observer;
  std::unique_ptr<Trajectory> trajectory;
};

using Flights = std::list<Flight>;

// All of one size, by who submitted them.
class Group {
 public:
  using Begin = std::function<void(Submission, Flights&)>;

  void queue(Submission submission);
  void add(Flight flight);

  // Takes a picture out and gives its observer; null if it is not here.
  std::shared_ptr<Observer> remove(PictureId id);

  bool is_empty() const;
  int64_t size() const;                                         // pictures, queued and in flight
  const std::shared_ptr<const SampleConfig>& settings() const;  // of one of them

  // Whether one of those that select(most) chooses was never evaluated.
  bool has_newcomer(int64_t most) const;

  // `most` pictures, or as many as there are: submitters in turn, of each the oldest first, those in flight before
  // those that are queued, which `begin` puts at the end of their submitter's flights, or drops.
  std::vector<Flight*> select(int64_t most, const Begin& begin);

  // Takes what is on its way out.
  Flight release(PictureId id);

 private:
  struct Lane {
    Flights flying;
    std::deque<Submission> waiting;
    uint64_t served = 0;  // when a picture of it was chosen last
  };

  std::map<uint64_t, Lane> lanes_;  // by submitter; none is empty
  uint64_t clock_ = 0;
};

}  // namespace pixnerd::engine
