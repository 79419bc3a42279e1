// Whose turn it is where several want the same thing at different costs: deficit round robin (Shreedhar and Varghese,
// 1996), by which each gets an equal share of the cost, with one addition: who has a newcomer is served when its turn
// comes, whatever it has saved, and pays later. So a newcomer waits for one service of each of the others at most.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <vector>

namespace pixnerd::engine {

template <class Key>
class Turns {
 public:
  struct Candidate {
    Key key;
    double cost = 1;  // above 0
    bool has_newcomer = false;
  };

  // The index of the candidate to be served. Who is no candidate is forgotten, with what it saved. At least one.
  size_t next(const std::vector<Candidate>& candidates);

 private:
  struct Account {
    double saved = 0;     // in units of cost; less than nothing after a newcomer
    uint64_t visits = 0;  // when it was visited last
  };

  std::map<Key, Account> accounts_;
  uint64_t clock_ = 0;
};

template <class Key>
size_t Turns<Key>::next(const std::vector<Candidate>& candidates) {
  std::map<Key, Account> accounts;
  double quantum = candidates.front().cost;
  for (const Candidate& each : candidates) {
    accounts[each.key] = accounts_[each.key];
    quantum = std::min(quantum, each.cost);
  }
  accounts_ = std::move(accounts);
  while (true) {
    size_t turn = 0;
    for (size_t i = 1; i < candidates.size(); ++i) {
      if (accounts_[candidates[i].key].visits < accounts_[candidates[turn].key].visits) turn = i;
    }
    const Candidate& candidate = candidates[turn];
    Account& account = accounts_[candidate.key];
    account.visits = ++clock_;
    account.saved += quantum;
    if (account.saved < candidate.cost && !candidate.has_newcomer) continue;
    account.saved = std::max(account.saved - candidate.cost, -candidate.cost);
    return turn;
  }
}

}  // namespace pixnerd::engine
