#include "kernels/attention.h"

#include <algorithm>
#include <cmath>

#include "kernels/reference.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention.cpp"
#include <hwy/foreach_target.h>

#include "kernels/pairs-inl.h"
#include "kernels/sigmoid-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

// Queries and keys whose scores are there together: in the second-level cache, beside the keys and values. Whole tiles
// of queries, so that a block's products touch no rows of the next.
constexpr int64_t kQueries = 48;
static_assert(kQueries % kTileRows == 0);
constexpr int64_t kKeys = 512;

// One head's rows as operands of products of floats.
template <class T>
struct FloatOperands {
  using Products = Singles;

  FloatOperands(Scratch& scratch, int64_t most_queries, int64_t most_keys, int64_t width)
      : q(scratch, most_queries, width),
        keys(scratch, width, most_keys),
        values(scratch, most_keys, width),
        scores(scratch, most_queries, most_keys) {}

  void read_queries(const T* from, int64_t count) const { copy_rows(from, count, q.columns, q); }
  void read_keys(const T* k, const T* v, int64_t count) {
    keys.columns = scores.columns = values.rows = count;
    copy_rows(k, count, values.columns, values);
    transpose(values, keys);
    copy_rows(v, count, values.columns, values);
  }
  HWY_INLINE void put_weights(int64_t row, int64_t key, Vector weights) const {
    store(AllLanes(), weights, scores.row(row) + key);
  }
  HWY_INLINE void end_weights(int64_t) const {}
  static HWY_INLINE Vector exp_of(Vector x) { return exp(x); }
  const Matrix& weights() const { return scores; }

  Matrix q, keys, values, scores;
};

#if HWY_TARGET == HWY_AVX3
// The same of products of bfloat16.
struct PairOperands {
  using Products = Pairs;

  PairOperands(Scratch& scratch, int64_t most_queries, int64_t most_keys, int64_t width)
      : q(scratch, most_queries, width / 2),
        keys(scratch, width / 2, most_keys),
        values(scratch, pairs_of(most_keys), width),
        scores(scratch, most_queries, most_keys),
        rounded(scratch, most_queries, pairs_of(most_keys)) {}

  void read_queries(const BFloat16* from, int64_t count) const { copy_rows(pairs(from), count, q.columns, q); }
  void read_keys(const BFloat16* k, const BFloat16* v, int64_t count) {
    keys.columns = scores.columns = count;
    values.rows = rounded.columns = pairs_of(count);
    transpose(Matrix(pairs(k), count, keys.rows), keys);
    for (int64_t i = 0; i < count; i += 2) {
      const BFloat16* row = v + i * values.columns;
      join_rows(row, i + 1 < count ? row + values.columns : nullptr, values.columns, values.row(i / 2));
    }
  }
  HWY_INLINE void put_weights(int64_t row, int64_t key, Vector weights) const {
    hn::StoreU(halves(weights), HalfBits(), halves_of_row(rounded, row) + key);
  }
  HWY_INLINE void end_weights(int64_t row) const { end_row(rounded, row, scores.columns); }
  static HWY_INLINE Vector exp_of(Vector x) { return rough_exp(x); }
  const Matrix& weights() const { return rounded; }

  static const float* pairs(const BFloat16* values) { return reinterpret_cast<const float*>(values); }

  Matrix q, keys, values, scores, rounded;
};
#endif

// What is known of a query after some of the keys: the greatest score, the sum of the weights relative to it.
struct Seen {
  float greatest, sum;
};

// The weights of a row of scores, relative to the greatest so far; returns what those of earlier blocks are to be
// multiplied by.
template <class Operands>
HWY_INLINE float weigh(const Operands& head, int64_t row, float factor, bool is_first, Seen& seen) {
  const float* scores = head.scores.row(row);
  const int64_t count = head.scores.columns;
  Vector most = all(is_first ? scores[0] : seen.greatest);
  int64_t j = 0;
  for (; j + kLanes <= count; j += kLanes) most = hn::Max(most, load(AllLanes(), scores + j));
  const auto rest = hn::FirstN(Floats(), static_cast<size_t>(count - j));
  if (j < count) most = hn::Max(most, hn::IfThenElse(rest, load(AllLanes(), scores + j), most));
  const float greatest = hn::GetLane(hn::MaxOfLanes(Floats(), most));
  const Vector scale = all(factor), offset = all(-factor * greatest);
  Vector sum = all(0), odd = all(0);
  for (j = 0; j + kLanes <= count; j += kLanes) {
    const Vector score = load(AllLanes(), scores + j);
    const Vector weights = Operands::exp_of(hn::MulAdd(score, scale, offset));
    head.put_weights(row, j, weights);
    sum = hn::Add(sum, weights);
    odd = hn::MulAdd(score, all(0), odd);  // what is not finite is not in the weights any more
  }
  if (j < count) {
    const Vector score = hn::IfThenElseZero(rest, load(AllLanes(), scores + j));
    const Vector weights = hn::IfThenElseZero(rest, Operands::exp_of(hn::MulAdd(score, scale, offset)));
    head.put_weights(row, j, weights);
    sum = hn::Add(sum, weights);
    odd = hn::MulAdd(score, all(0), odd);
  }
  head.end_weights(row);
  const float earlier = is_first ? 0 : hn::GetLane(exp(all(factor * (seen.greatest - greatest))));
  seen = {greatest, (is_first ? 0 : seen.sum * earlier) + sum_of_lanes(hn::Add(sum, odd))};
  return earlier;
}

HWY_INLINE void scale_row(float* row, int64_t count, float factor) {
  for (int64_t j = 0; j < count; j += kLanes)
    store(AllLanes(), hn::Mul(load(AllLanes(), row + j), all(factor)), row + j);
}

template <class Operands>
void add_block(const Operands& head, int64_t count, float factor, bool is_first, Seen* seen, const Matrix& mixed) {
  Prefetch none;
  multiply<typename Operands::Products>(head.q, head.keys, head.scores, count, none);
  for (int64_t i = 0; i < count; ++i) {
    const float earlier = weigh(head, i, factor, is_first, seen[i]);
    if (!is_first && earlier != 1) scale_row(mixed.row(i), mixed.columns, earlier);
  }
  if (is_first) {
    multiply<typename Operands::Products, Result::replaced>(head.weights(), head.values, mixed, count, none);
  } else {
    multiply<typename Operands::Products, Result::added>(head.weights(), head.values, mixed, count, none);
  }
}

template <class T>
void write_mean(const Matrix& mixed, const Seen* seen, int64_t count, T* y, int64_t stride) {
  for (int64_t i = 0; i < count; ++i, y += stride) {
    const Vector factor = all(1 / seen[i].sum);
    along_row(mixed.columns, [&](auto lanes, int64_t j) HWY_ATTR {
      store(lanes, hn::Mul(load(AllLanes(), mixed.row(i) + j), factor), y + j);
    });
  }
}

// l of each query.
inline void write_log_sums(const Seen* seen, int64_t count, float factor, float* log_sums) {
  for (int64_t i = 0; i < count; ++i) log_sums[i] = factor * seen[i].greatest + std::log(seen[i].sum);
}

template <class Operands, class T>
void attend(const AttentionShape& shape, const AttentionForward<T>& attention, Range heads) {
  Scratch scratch;
  const int64_t width = shape.width, stride = shape.heads * width;
  Operands head(scratch, std::min(kQueries, shape.queries), std::min(kKeys, shape.keys), width);
  const Matrix mixed(scratch, round_up(shape.queries, kQueries), width);
  auto* seen = reinterpret_cast<Seen*>(scratch.floats(2 * shape.queries));
  const auto factor = static_cast<float>(1 / std::sqrt(static_cast<double>(width)));
  for (int64_t h = heads.begin; h < heads.end; ++h) {
    const T* q = attention.q + h * shape.queries * width;
    T* y = attention.y + h / shape.heads * shape.queries * stride + h % shape.heads * width;
    for (int64_t key = 0; key < shape.keys; key += kKeys) {
      const int64_t from = (h * shape.keys + key) * width;
      head.read_keys(attention.k + from, attention.v + from, std::min(kKeys, shape.keys - key));
      for (int64_t first = 0; first < shape.queries; first += kQueries) {
        const int64_t count = std::min(kQueries, shape.queries - first);
        head.read_queries(q + first * width, count);
        const Matrix block(mixed, first, count);
        add_block(head, count, factor, key == 0, seen + first, block);
        if (key + kKeys >= shape.keys) write_mean(block, seen + first, count, y + first * stride, stride);
      }
    }
    if (attention.log_sums != nullptr) {
      write_log_sums(seen, shape.queries, factor, attention.log_sums + h * shape.queries);
    }
  }
}

template <class T>
void attention_forward(const AttentionShape& shape, const AttentionForward<T>& attention, Range heads) {
  attend<FloatOperands<T>>(shape, attention, heads);
}

#if HWY_TARGET == HWY_AVX3
inline void attention_forward_of_pairs(const AttentionShape& shape, const AttentionForward<BFloat16>& attention,
                                       Range heads) {
  if (shape.width % 2 != 0) return attend<FloatOperands<BFloat16>>(shape, attention, heads);
  attend<PairOperands>(shape, attention, heads);
}
#endif

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

PIXNERD_EXPORT_WITH_PAIRS(attention_forward, const AttentionShape&, AttentionForward)

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
