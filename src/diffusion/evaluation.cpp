#include "diffusion/evaluation.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/tensor.h>

#include <algorithm>

namespace pixnerd::diffusion {

Conditioning::Conditioning(at::Tensor condition, at::Tensor null_condition, Guidance guidance, EncodeSchedule schedule)
    : given_{std::move(condition), {}, {}},
      null_{std::move(null_condition), {}, {}},
      guidance_(guidance),
      schedule_(std::move(schedule)) {}

// One call of evaluate().
class Batch {
 public:
  Batch(Denoiser& denoiser, std::span<const Ask> asks) : denoiser_(denoiser), asks_(asks) {
    for (const Ask& ask : asks) {
      if (is_guided(ask)) rows_.push_back({&ask, &ask.conditioning->null_, {}});
    }
    for (const Ask& ask : asks) rows_.push_back({&ask, &ask.conditioning->given_, {}});
  }

  static bool is_guided(const Ask& ask) { return ask.conditioning->guidance_.active(ask.query.t); }

  std::vector<at::Tensor> velocities() {
    encode();
    keep_weights();
    decode();
    return combined();
  }

 private:
  using Branch = Conditioning::Branch;

  // The part of the batch that one branch of one ask takes.
  struct Row {
    const Ask* ask;
    Branch* branch;
    at::Tensor v;

    int64_t size() const { return ask->query.x.size(0); }
    int64_t step() const { return ask->query.step; }
  };
  using Rows = std::vector<Row*>;

  template <class Tensor>
  static at::Tensor joined(const Rows& rows, const Tensor& tensor_of) {
    if (rows.size() == 1) return tensor_of(*rows.front());
    std::vector<at::Tensor> tensors;
    for (const Row* row : rows) tensors.push_back(tensor_of(*row));
    return at::cat(tensors);
  }

  // What the denoiser sees of rows.
  struct Places {
    at::Tensor x, t;
  };

  // Those of all rows are joined once for both halves of the denoiser.
  Places places_of(const Rows& rows, bool are_all) {
    if (are_all && all_.x.defined()) return all_;
    std::vector<float> times;
    for (const Row* row : rows) times.insert(times.end(), static_cast<size_t>(row->size()), row->ask->query.t);
    const Places places{joined(rows, [](const Row& row) { return row.ask->query.x; }),
                        at::tensor(times).to(rows.front()->ask->query.x.device())};
    if (are_all) all_ = places;
    return places;
  }

  // Hands `all` out, each row its part of it.
  template <class Take>
  static void hand_out(const at::Tensor& all, const Rows& rows, const Take& take) {
    int64_t first = 0;
    for (Row* row : rows) {
      take(*row, all.narrow(0, first, row->size()));
      first += row->size();
    }
  }

  // The s of the rows on a scheduled step, and of those that have none yet.
  void encode() {
    Rows wanted;
    for (Row& row : rows_) {
      if (row.branch->s.defined() && !row.ask->conditioning->scheduled(row.step())) continue;
      row.branch->weights = {};
      wanted.push_back(&row);
    }
    if (wanted.empty()) return;
    const at::Tensor condition = joined(wanted, [](const Row& row) { return row.branch->condition; });
    const bool are_all = wanted.size() == rows_.size();
    const Places places = places_of(wanted, are_all);
    const at::Tensor s = denoiser_.encode(places.x, places.t, condition);
    hand_out(s, wanted, [](Row& row, const at::Tensor& own) { row.branch->s = own; });
    if (are_all) s_ = s;
  }

  // The field's weights of what serves again.
  void keep_weights() {
    Rows wanted;
    for (Row& row : rows_) {
      const bool serves_again = row.ask->conditioning->serves_again(row.step());
      if (serves_again && row.branch->weights.of_batch == nullptr) wanted.push_back(&row);
    }
    if (wanted.empty()) return;
    const at::Tensor weights = denoiser_.field_weights(joined(wanted, [](const Row& row) { return row.branch->s; }));
    if (!weights.defined()) return;
    const auto of_batch = std::make_shared<const at::Tensor>(weights);
    const int64_t tokens = weights.size(1) / total(wanted);
    int64_t first = 0;
    for (Row* row : wanted) {
      row->branch->weights = {of_batch, first, row->size() * tokens};
      first += row->size() * tokens;
    }
  }

  static int64_t total(const Rows& rows) {
    int64_t sum = 0;
    for (const Row* row : rows) sum += row->size();
    return sum;
  }

  // Rows without weights together; of the others those whose weights lie side by side, rather than a copy of them.
  void decode() {
    Rows plain, kept;
    for (Row& row : rows_) (row.branch->weights.of_batch == nullptr ? plain : kept).push_back(&row);
    if (!plain.empty()) decode(plain, {}, plain.size() == rows_.size());
    const auto place = [](const Row* row) {
      return std::pair(row->branch->weights.of_batch.get(), row->branch->weights.first);
    };
    std::sort(kept.begin(), kept.end(), [&](const Row* a, const Row* b) { return place(a) < place(b); });
    for (size_t begin = 0, end = 0; begin < kept.size(); begin = end) {
      const Conditioning::KeptWeights& front = kept[begin]->branch->weights;
      int64_t tokens = 0;
      Rows neighbours;
      while (end < kept.size() && place(kept[end]) == std::pair(front.of_batch.get(), front.first + tokens)) {
        tokens += kept[end]->branch->weights.tokens;
        neighbours.push_back(kept[end++]);
      }
      decode(neighbours, front.of_batch->narrow(1, front.first, tokens), false);
    }
  }

  void decode(const Rows& rows, const at::Tensor& weights, bool are_all) {
    const at::Tensor s = are_all && s_.defined() ? s_ : joined(rows, [](const Row& row) { return row.branch->s; });
    const Places places = places_of(rows, are_all);
    const at::Tensor v = denoiser_.decode(places.x, places.t, s, weights).to(at::kFloat);
    if (are_all) v_ = v;
    hand_out(v, rows, [](Row& row, const at::Tensor& own) { row.v = own; });
  }

  // All asks at once where all are guided alike, which is the usual case.
  std::vector<at::Tensor> combined_at_once() const {
    const double scale = asks_.front().conditioning->guidance_.scale;
    const at::Tensor v_null = v_.narrow(0, 0, v_.size(0) / 2), v = v_.narrow(0, v_.size(0) / 2, v_.size(0) / 2);
    const at::Tensor guided = v_null + scale * (v - v_null);
    std::vector<at::Tensor> velocities;
    int64_t first = 0;
    for (const Ask& ask : asks_) {
      velocities.push_back(guided.narrow(0, first, ask.query.x.size(0)));
      first += ask.query.x.size(0);
    }
    return velocities;
  }

  bool are_guided_alike() const {
    return std::all_of(asks_.begin(), asks_.end(), [&](const Ask& ask) {
      return is_guided(ask) && ask.conditioning->guidance_.scale == asks_.front().conditioning->guidance_.scale;
    });
  }

  std::vector<at::Tensor> combined() const {
    if (v_.defined() && are_guided_alike()) return combined_at_once();
    const size_t guided = rows_.size() - asks_.size();
    std::vector<at::Tensor> velocities;
    size_t next_null = 0;
    for (size_t i = 0; i < asks_.size(); ++i) {
      const at::Tensor& v = rows_[guided + i].v;
      if (!is_guided(asks_[i])) {
        velocities.push_back(v);
        continue;
      }
      const at::Tensor& v_null = rows_[next_null++].v;
      velocities.push_back(v_null + asks_[i].conditioning->guidance_.scale * (v - v_null));
    }
    return velocities;
  }

  Denoiser& denoiser_;
  std::span<const Ask> asks_;
  std::vector<Row> rows_;  // those of null conditions, then one for each ask
  at::Tensor s_, v_;       // of all rows, where all were encoded or decoded together
  Places all_;             // likewise
};

std::vector<at::Tensor> evaluate(Denoiser& denoiser, std::span<const Ask> asks) {
  return Batch(denoiser, asks).velocities();
}

int64_t rows_of(const Ask& ask) {
  return Batch::is_guided(ask) ? 2 : 1;
}

}  // namespace pixnerd::diffusion
