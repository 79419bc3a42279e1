// Every kernel as the plain loop that follows its equation, in double. Slow; what the fast ones are tested against, and
// what PIXNERD_ISA=reference runs. Contracts are those of the headers that declare the fast ones. Storage types: float,
// BFloat16 and, for finite differences, double.
#pragma once

#include "kernels/activation.h"
#include "kernels/adamw.h"
#include "kernels/attention.h"
#include "kernels/column_sums.h"
#include "kernels/field_block.h"
#include "kernels/field_ends.h"
#include "kernels/gate.h"
#include "kernels/hadamard.h"
#include "kernels/product.h"
#include "kernels/quantise.h"
#include "kernels/resample.h"
#include "kernels/rms_norm.h"
#include "kernels/rotary.h"
#include "kernels/softmax.h"

namespace pixnerd::kernels::reference {

template <class T>
void field_forward(const FieldShape& shape, const FieldForward<T>& field, Range tokens);
template <class T>
void field_backward(const FieldShape& shape, const FieldBackward<T>& field, Range tokens);

template <class T>
void embed_forward(const FieldEndShape& shape, const EmbedForward<T>& embed, Range tokens);
template <class T>
void embed_backward(const FieldEndShape& shape, const EmbedBackward<T>& embed, Range tokens);
template <class T>
void final_forward(const FieldEndShape& shape, const FinalForward<T>& last, Range tokens);
template <class T>
void final_backward(const FieldEndShape& shape, const FinalBackward<T>& last, Range tokens);

template <class T>
void attention_forward(const AttentionShape& shape, const AttentionForward<T>& attention, Range heads);
template <class T>
void attention_backward(const AttentionShape& shape, const AttentionBackward<T>& attention, Range heads);

template <class T, class W>
void pack_weight(const WeightShape& shape, const W* w, T* packed, Range strips);
template <class T, class W>
void pack_transposed(const WeightShape& shape, const W* w, T* packed, Range strips);
template <class T>
void product(const WeightShape& shape, int64_t rows, const Product<T>& of, Range strips);
template <class T>
void weight_gradient(const WeightShape& shape, int64_t rows, const WeightGradient<T>& of, Range strips);
void product_int8(const WeightShape& shape, int64_t rows, const ProductInt8& of, Range strips);

template <class T>
void norm_forward(const NormShape& shape, const NormForward<T>& norm, Range rows);
template <class T>
void norm_backward(const NormShape& shape, const NormBackward<T>& norm, Range rows);

template <class T>
void column_sums(const SumShape& shape, const ColumnSums<T>& of, Range columns);

template <class T>
void gate_forward(const GateShape& shape, const GateForward<T>& residual, Range rows);
template <class T>
void gate_backward(const GateShape& shape, const GateBackward<T>& residual, Range rows);

template <class T>
void rotary_forward(const RotaryShape& shape, const RotaryForward<T>& rotary, Range tokens);
template <class T>
void rotary_backward(const RotaryShape& shape, const RotaryBackward<T>& rotary, Range tokens);

template <class T>
void swiglu_forward(const SwiGLUShape& shape, const SwiGLUForward<T>& gate, Range rows);
template <class T>
void swiglu_backward(const SwiGLUShape& shape, const SwiGLUBackward<T>& gate, Range rows);

template <class T>
void turn_rows(int64_t width, const TurnRows<T>& turning, Range rows);

template <class T>
void quantise_rows(int64_t width, const QuantiseRows<T>& rounding, Range rows);
template <class T>
void scale_rows(int64_t width, const ScaleRows<T>& scaling, Range rows);
template <class T>
void quantise_norm(const NormShape& shape, const QuantiseNorm<T>& norm, Range rows);
template <class T>
void quantise_swiglu(const SwiGLUShape& shape, const QuantiseSwiGLU<T>& gate, Range rows);
void sum_rows(int64_t width, const SumRows& of, Range rows);

void softmax_rows(int64_t width, float factor, const SoftmaxRows& softmax, Range rows);
void multiply_rows(int64_t width, int64_t stride, const MultiplyRows& multiply, Range rows);

void adamw_step(const AdamWStep& step, const AdamWArrays& arrays, Range values);

void resample_width(const ResampleTaps& taps, const ResampleRows& pixels, Range rows);
void resample_height(const ResampleTaps& taps, int64_t width, const ResampleRows& pixels, Range outputs);

}  // namespace pixnerd::kernels::reference
