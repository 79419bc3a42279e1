#include "diffusion/evaluation.h"

#include <ATen/TensorOperators.h>
#include <ATen/ops/cat.h>
#include <ATen/ops/full.h>

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

  static at::Tensor x_of(const Rows& rows) {
    return joined(rows, [](const Row& row) { return row.ask->query.x; });
  }

  static at::Tensor t_of(const Rows& rows) {
    return joined(rows, [](const Row& row) {
      return at::full({row.size()}, row.ask->query.t, row.ask->query.x.options().dtype(at::kFloat));
    });
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
    const at::Tensor s = denoiser_.encode(x_of(wanted), t_of(wanted), condition);
    hand_out(s, wanted, [](Row& row, const at::Tensor& own) { row.branch->s = own; });
    if (wanted.size() == rows_.size()) s_ = s;
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
    if (!plain.empty()) decode(plain, {});
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
      decode(neighbours, front.of_batch->narrow(1, front.first, tokens));
    }
  }

  void decode(const Rows& rows, const at::Tensor& weights) {
    const bool is_fresh = s_.defined() && rows.size() == rows_.size() && !weights.defined();
    const at::Tensor s = is_fresh ? s_ : joined(rows, [](const Row& row) { return row.branch->s; });
    hand_out(denoiser_.decode(x_of(rows), t_of(rows), s, weights).to(at::kFloat), rows,
             [](Row& row, const at::Tensor& v) { row.v = v; });
  }

  std::vector<at::Tensor> combined() const {
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
  at::Tensor s_;           // of all rows, where all were encoded now
};

std::vector<at::Tensor> evaluate(Denoiser& denoiser, std::span<const Ask> asks) {
  return Batch(denoiser, asks).velocities();
}

int64_t rows_of(const Ask& ask) {
  return Batch::is_guided(ask) ? 2 : 1;
}

}  // namespace pixnerd::diffusion
