#include <algorithm>
#include <cmath>

#include "kernels/attention.h"
#include "kernels/reference.h"
#include "kernels/targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/attention_backward.cpp"
#include <hwy/foreach_target.h>

#include "kernels/pairs-inl.h"
#include "kernels/sigmoid-inl.h"

HWY_BEFORE_NAMESPACE();
namespace pixnerd::kernels::HWY_NAMESPACE {
#if PIXNERD_HAS_VECTORS

// Queries and keys whose weights are there together: with all their operands in the second-level cache.
constexpr int64_t kQueries = 128;
constexpr int64_t kKeys = 256;
// Rows of the gradient by a block's queries: whole tiles, so that a product touches no rows of the next block.
constexpr int64_t kQueryRoom = round_up(kQueries, kTileRows);

// One head's arrays; rows of y and of its gradient are `stride` values apart.
template <class T>
struct Head {
  const T *q, *k, *v, *y, *grad_y;
  const float* log_sums;
  T *grad_q, *grad_k, *grad_v;
  int64_t stride;
};

// A block of keys and one of queries as operands of products of floats. Scores and weights stand transposed, a row for
// each key: so the two sums over queries have them as left operands as they are, and the one over keys transposed.
template <class T>
struct FloatOperands {
  using Products = Singles;

  FloatOperands(Scratch& scratch, int64_t most_queries, int64_t most_keys, int64_t width)
      : k(scratch, most_keys, width),
        v(scratch, most_keys, width),
        q(scratch, most_queries, width),
        g(scratch, most_queries, width),
        q_t(scratch, width, most_queries),
        g_t(scratch, width, most_queries),
        p(scratch, most_keys, most_queries),
        s(scratch, most_keys, most_queries) {}

  void read_keys(const Head<T>& head, int64_t first, int64_t count) {
    k.rows = v.rows = p.rows = s.rows = count;
    copy_rows(head.k + first * k.columns, count, k.columns, k);
    copy_rows(head.v + first * v.columns, count, v.columns, v);
  }
  void read_queries(const Head<T>& head, int64_t first, int64_t count) {
    q.rows = g.rows = q_t.columns = g_t.columns = p.columns = s.columns = count;
    copy_rows(head.q + first * q.columns, count, q.columns, q);
    for (int64_t i = 0; i < count; ++i) {
      copy_rows(head.grad_y + (first + i) * head.stride, 1, g.columns, Matrix(g, i, 1));
    }
    transpose(q, q_t);
    transpose(g, g_t);
  }

  // p and s of one or two keys.
  template <int kRows>
  HWY_INLINE void put(int64_t key, int64_t query, const Vector* of_p, const Vector* of_s) const {
    for (int i = 0; i < kRows; ++i) {
      store(AllLanes(), of_p[i], p.row(key + i) + query);
      store(AllLanes(), of_s[i], s.row(key + i) + query);
    }
  }
  static HWY_INLINE Vector exp_of(Vector x) { return exp(x); }

  const Matrix& left_keys() const { return k; }
  const Matrix& left_values() const { return v; }
  const Matrix& right_keys() const { return k; }
  const Matrix& across_keys() const { return s; }

  Matrix k, v;            // [keys, d]
  Matrix q, g, q_t, g_t;  // [queries, d], transposed
  Matrix p, s;            // [keys, queries]
};

#if HWY_TARGET == HWY_AVX3
// The same of products of bfloat16.
struct PairOperands {
  using Products = Pairs;

  PairOperands(Scratch& scratch, int64_t most_queries, int64_t most_keys, int64_t width)
      : k(scratch, most_keys, width / 2),
        v(scratch, most_keys, width / 2),
        k_joined(scratch, pairs_of(most_keys), width),
        q(scratch, pairs_of(most_queries), width),
        g(scratch, pairs_of(most_queries), width),
        q_t(scratch, width / 2, most_queries),
        g_t(scratch, width / 2, most_queries),
        p(scratch, most_keys, pairs_of(most_queries)),
        s(scratch, most_keys, pairs_of(most_queries)),
        s_joined(scratch, pairs_of(most_keys), most_queries) {}

  void read_keys(const Head<BFloat16>& head, int64_t first, int64_t count) {
    const int64_t width = k_joined.columns;
    k.rows = v.rows = p.rows = s.rows = count;
    k_joined.rows = s_joined.rows = pairs_of(count);
    copy_rows(pairs(head.k + first * width), count, k.columns, k);
    copy_rows(pairs(head.v + first * width), count, v.columns, v);
    join(head.k + first * width, width, count, k_joined);
  }
  void read_queries(const Head<BFloat16>& head, int64_t first, int64_t count) {
    const BFloat16 *from_q = head.q + first * q.columns, *from_g = head.grad_y + first * head.stride;
    q_t.columns = g_t.columns = s_joined.columns = count;
    q.rows = g.rows = p.columns = s.columns = pairs_of(count);
    join(from_q, q.columns, count, q);
    join(from_g, head.stride, count, g);
    Matrix rows(pairs(from_q), count, q_t.rows);
    transpose(rows, q_t);
    rows = Matrix(pairs(from_g), count, g_t.rows);
    rows.stride = head.stride / 2;
    transpose(rows, g_t);
  }

  template <int kRows>
  HWY_INLINE void put(int64_t key, int64_t query, const Vector* of_p, const Vector* of_s) const {
    const Bits bits;
    auto joined = hn::Zero(bits);
    for (int i = 0; i < kRows; ++i) {
      const Halves rounded = halves(of_s[i]);
      hn::StoreU(halves(of_p[i]), HalfBits(), halves_of_row(p, key + i) + query);
      hn::StoreU(rounded, HalfBits(), halves_of_row(s, key + i) + query);
      const auto wide = hn::PromoteTo(bits, rounded);
      joined = i == 0 ? wide : hn::Or(joined, hn::ShiftLeft<16>(wide));
    }
    store(AllLanes(), hn::BitCast(Floats(), joined), s_joined.row(key / 2) + query);
  }
  static HWY_INLINE Vector exp_of(Vector x) { return rough_exp(x); }

  const Matrix& left_keys() const { return k; }
  const Matrix& left_values() const { return v; }
  const Matrix& right_keys() const { return k_joined; }
  const Matrix& across_keys() const { return s_joined; }

  static const float* pairs(const BFloat16* values) { return reinterpret_cast<const float*>(values); }
  static void join(const BFloat16* rows, int64_t stride, int64_t count, const Matrix& to) {
    for (int64_t i = 0; i < count; i += 2, rows += 2 * stride) {
      join_rows(rows, i + 1 < count ? rows + stride : nullptr, to.columns, to.row(i / 2));
    }
  }

  Matrix k, v, k_joined;
  Matrix q, g, q_t, g_t;
  Matrix p, s, s_joined;
};
#endif

// Of a block of keys and one of queries, beside the operands.
struct Sums {
  Sums(Scratch& scratch, int64_t queries, int64_t most_queries, int64_t most_keys, int64_t width)
      : scores(scratch, most_keys, most_queries),
        slopes(scratch, most_keys, most_queries),
        grad_k(scratch, most_keys, width),
        grad_v(scratch, most_keys, width),
        grad_q(scratch, round_up(queries, kQueries) / kQueries * kQueryRoom, width),
        log_sums(scratch.floats(round_up(queries, kLanes))),
        offsets(scratch.floats(round_up(queries, kLanes))) {}

  Matrix scores, slopes;      // [keys, queries]: q k and g v
  Matrix grad_k, grad_v;      // of the keys
  Matrix grad_q;              // of all queries, kQueryRoom rows for each block
  float *log_sums, *offsets;  // l, and g y, of all queries
};

// p and s sqrt(d) of `kRows` keys from `key` on.
template <int kRows, class Operands>
HWY_INLINE void weigh_keys(const Operands& operands, const Sums& sums, int64_t key, int64_t first, float factor) {
  const int64_t count = sums.scores.columns;
  const Vector scale = all(factor);
  for (int64_t i = 0; i < count; i += kLanes) {
    const Vector log_sum = load(AllLanes(), sums.log_sums + first + i);
    const Vector offset = load(AllLanes(), sums.offsets + first + i);
    Vector p[kRows], s[kRows];
    for (int row = 0; row < kRows; ++row) {
      p[row] = Operands::exp_of(hn::MulSub(load(AllLanes(), sums.scores.row(key + row) + i), scale, log_sum));
      s[row] = hn::Mul(p[row], hn::Sub(load(AllLanes(), sums.slopes.row(key + row) + i), offset));
      if (count - i < kLanes) {  // beyond the last query there is anything
        const auto rest = hn::FirstN(Floats(), static_cast<size_t>(count - i));
        p[row] = hn::IfThenElseZero(rest, p[row]);
        s[row] = hn::IfThenElseZero(rest, s[row]);
      }
    }
    operands.template put<kRows>(key, i, p, s);
  }
}

// Adds what the operands' keys and queries have to do with each other.
template <class Operands>
void add_block(const Operands& operands, Sums& sums, int64_t first, int64_t queries, float factor, bool is_first_key) {
  using Products = typename Operands::Products;
  Prefetch none;
  const int64_t keys = sums.grad_k.rows;
  sums.scores.columns = sums.slopes.columns = queries;
  multiply<Products>(operands.left_keys(), operands.q_t, sums.scores, keys, none);
  multiply<Products>(operands.left_values(), operands.g_t, sums.slopes, keys, none);
  int64_t key = 0;
  for (; key + 2 <= keys; key += 2) weigh_keys<2>(operands, sums, key, first, factor);
  if (key < keys) weigh_keys<1>(operands, sums, key, first, factor);
  if (first == 0) {
    multiply<Products>(operands.p, operands.g, sums.grad_v, keys, none);
    multiply<Products>(operands.s, operands.q, sums.grad_k, keys, none);
  } else {
    multiply<Products, Result::added>(operands.p, operands.g, sums.grad_v, keys, none);
    multiply<Products, Result::added>(operands.s, operands.q, sums.grad_k, keys, none);
  }
  const Matrix grad_q(sums.grad_q, first / kQueries * kQueryRoom, queries);
  multiply_transposed<Products>(operands.across_keys(), operands.right_keys(), grad_q, operands.right_keys().rows,
                                is_first_key ? Result::replaced : Result::added, none);
}

// l and g y of all queries.
template <class T>
void read_offsets(const Head<T>& head, int64_t queries, int64_t width, const Sums& sums) {
  std::copy_n(head.log_sums, queries, sums.log_sums);
  for (int64_t i = 0; i < queries; ++i) {
    const T *y = head.y + i * head.stride, *g = head.grad_y + i * head.stride;
    Vector sum = all(0);
    along_row(width,
              [&](auto lanes, int64_t j) HWY_ATTR { sum = hn::MulAdd(load(lanes, y + j), load(lanes, g + j), sum); });
    sums.offsets[i] = sum_of_lanes(sum);
  }
}

template <class T>
void write_scaled(const Matrix& from, int64_t rows, float factor, T* to) {
  for (int64_t i = 0; i < rows; ++i, to += from.columns) {
    along_row(from.columns, [&](auto lanes, int64_t j) HWY_ATTR {
      store(lanes, hn::Mul(load(AllLanes(), from.row(i) + j), all(factor)), to + j);
    });
  }
}

template <class T>
Head<T> head_at(const AttentionShape& shape, const AttentionBackward<T>& of, int64_t h) {
  const int64_t stride = shape.heads * shape.width, query = h * shape.queries, key = h * shape.keys * shape.width;
  const int64_t token = h / shape.heads * shape.queries * stride + h % shape.heads * shape.width;
  return {of.q + query * shape.width,
          of.k + key,
          of.v + key,
          of.y + token,
          of.grad_y + token,
          of.log_sums + query,
          of.grad_q + query * shape.width,
          of.grad_k + key,
          of.grad_v + key,
          stride};
}

template <class Operands, class T>
void attend_backward(const AttentionShape& shape, const AttentionBackward<T>& attention, Range heads) {
  Scratch scratch;
  const int64_t width = shape.width;
  const int64_t most_queries = std::min(kQueries, shape.queries), most_keys = std::min(kKeys, shape.keys);
  Operands operands(scratch, most_queries, most_keys, width);
  Sums sums(scratch, shape.queries, most_queries, most_keys, width);
  const auto factor = static_cast<float>(1 / std::sqrt(static_cast<double>(width)));
  for (int64_t h = heads.begin; h < heads.end; ++h) {
    const Head<T> head = head_at(shape, attention, h);
    read_offsets(head, shape.queries, width, sums);
    for (int64_t key = 0; key < shape.keys; key += kKeys) {
      const int64_t keys = std::min(kKeys, shape.keys - key);
      operands.read_keys(head, key, keys);
      sums.grad_k.rows = sums.grad_v.rows = keys;
      for (int64_t first = 0; first < shape.queries; first += kQueries) {
        const int64_t queries = std::min(kQueries, shape.queries - first);
        operands.read_queries(head, first, queries);
        add_block(operands, sums, first, queries, factor, key == 0);
      }
      write_scaled(sums.grad_k, keys, factor, head.grad_k + key * width);
      write_rows(sums.grad_v, keys, head.grad_v + key * width);
    }
    for (int64_t first = 0; first < shape.queries; first += kQueries) {
      const Matrix block(sums.grad_q, first / kQueries * kQueryRoom, 1);
      write_scaled(block, std::min(kQueries, shape.queries - first), factor, head.grad_q + first * width);
    }
  }
}

template <class T>
void attention_backward(const AttentionShape& shape, const AttentionBackward<T>& attention, Range heads) {
  attend_backward<FloatOperands<T>>(shape, attention, heads);
}

#if HWY_TARGET == HWY_AVX3
inline void attention_backward_of_pairs(const AttentionShape& shape, const AttentionBackward<BFloat16>& attention,
                                        Range heads) {
  if (shape.width % 2 != 0) return attend_backward<FloatOperands<BFloat16>>(shape, attention, heads);
  attend_backward<PairOperands>(shape, attention, heads);
}
#endif

#endif  // PIXNERD_HAS_VECTORS
}  // namespace pixnerd::kernels::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace pixnerd::kernels {

PIXNERD_EXPORT_WITH_PAIRS(attention_backward, const AttentionShape&, AttentionBackward)

}  // namespace pixnerd::kernels
#endif  // HWY_ONCE
