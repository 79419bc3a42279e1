#include "engine/flight.h"

#include <algorithm>

namespace pixnerd::engine {
namespace {

template <class Pictures>
auto find_in(Pictures& pictures, PictureId id) {
  return std::find_if(pictures.begin(), pictures.end(), [&](const auto& each) { return each.id == id; });
}

}  // namespace

void Group::queue(Submission submission) {
  lanes_[submission.picture.submitter].waiting.push_back(std::move(submission));
}

void Group::add(Flight flight) {
  Flights& flying = lanes_[flight.submitter].flying;
  const auto later =
      std::find_if(flying.begin(), flying.end(), [&](const Flight& each) { return each.id > flight.id; });
  flying.insert(later, std::move(flight));
}

std::shared_ptr<Observer> Group::remove(PictureId id) {
  for (auto& [submitter, lane] : lanes_) {
    std::shared_ptr<Observer> observer;
    if (const auto found = find_in(lane.flying, id); found != lane.flying.end()) {
      observer = std::move(found->observer);
      lane.flying.erase(found);
    } else if (const auto queued = find_in(lane.waiting, id); queued != lane.waiting.end()) {
      observer = std::move(queued->observer);
      lane.waiting.erase(queued);
    } else {
      continue;
    }
    if (lane.flying.empty() && lane.waiting.empty()) lanes_.erase(submitter);
    return observer;
  }
  return nullptr;
}

bool Group::is_empty() const {
  return lanes_.empty();
}

int64_t Group::size() const {
  size_t pictures = 0;
  for (const auto& [submitter, lane] : lanes_) pictures += lane.flying.size() + lane.waiting.size();
  return static_cast<int64_t>(pictures);
}

const std::shared_ptr<const SampleConfig>& Group::settings() const {
  const Lane& lane = lanes_.begin()->second;
  return lane.flying.empty() ? lane.waiting.front().picture.settings : lane.flying.front().settings;
}

bool Group::has_newcomer(int64_t most) const {
  const auto lanes = static_cast<int64_t>(lanes_.size());
  const auto share = static_cast<size_t>((most + lanes - 1) / lanes);
  return std::any_of(lanes_.begin(), lanes_.end(), [&](const auto& each) {
    const Lane& lane = each.second;
    return !lane.waiting.empty() && lane.flying.size() < share;
  });
}

std::vector<Flight*> Group::select(int64_t most, const Begin& begin) {
  struct Turn {
    Lane* lane;
    Flights::iterator next;
  };
  std::vector<Turn> turns;
  for (auto& [submitter, lane] : lanes_) turns.push_back({&lane, lane.flying.begin()});
  std::sort(turns.begin(), turns.end(), [](const Turn& a, const Turn& b) { return a.lane->served < b.lane->served; });

  std::vector<Flight*> chosen;
  bool found = true;
  while (found && std::ssize(chosen) < most) {
    found = false;
    for (Turn& turn : turns) {
      if (std::ssize(chosen) == most) break;
      Lane& lane = *turn.lane;
      while (turn.next == lane.flying.end() && !lane.waiting.empty()) {
        Submission submission = std::move(lane.waiting.front());
        lane.waiting.pop_front();
        const size_t before = lane.flying.size();
        begin(std::move(submission), lane.flying);
        if (lane.flying.size() > before) turn.next = std::prev(lane.flying.end());
      }
      if (turn.next == lane.flying.end()) continue;
      chosen.push_back(&*turn.next++);
      lane.served = ++clock_;
      found = true;
    }
  }
  std::erase_if(lanes_, [](const auto& each) { return each.second.flying.empty() && each.second.waiting.empty(); });
  return chosen;
}

Flight Group::release(PictureId id) {
  for (auto& [submitter, lane] : lanes_) {
    const auto found = find_in(lane.flying, id);
    if (found == lane.flying.end()) continue;
    Flight flight = std::move(*found);
    lane.flying.erase(found);
    if (lane.flying.empty() && lane.waiting.empty()) lanes_.erase(submitter);
    return flight;
  }
  throw std::out_of_range("no such picture is in flight");
}

}  // namespace pixnerd::engine
