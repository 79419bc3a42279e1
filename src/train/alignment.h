// Captions of the same thing drawn together, whatever their languages: a contrastive loss on the states of a network's
// own text encoder (supervised contrastive learning, Khosla et al., arXiv 2004.11362, L_out).
//
//   z_i = the first half of the channels of the sum of the states of caption i, of length 1
//   loss = - mean over i of mean over j of i's group of log( exp(z_i z_j / tau) / sum over k != i of exp(z_i z_k / tau)
//   )
//
// The flow matching loss teaches words, too, but slowly: what a caption says decides little of it. Captions of one
// picture say the same, which needs no picture to be learnt. What they say beside it, such as a style, has the other
// half of the channels.
#pragma once

#include <ATen/core/Tensor.h>

namespace pixnerd::train {

inline constexpr int64_t kCaptionsTogether = 8;  // of each picture
inline constexpr double kAlignmentTemperature = 0.1;

// Some captions of a batch's pictures.
struct CaptionGroups {
  at::Tensor texts;     // [B, K, M] bytes, K of each picture; undefined where nothing is to be aligned
  at::Tensor groups;    // [B] int64: the same number for pictures of the same thing
  at::Tensor labels{};  // [B, D], the text teacher's; undefined without one
};

// states [C, N, T] of C captions, 0 where there is padding alone, and the groups [C] they are of -> a scalar, float32;
// 0 where each is alone.
at::Tensor alignment_loss(const at::Tensor& states, const at::Tensor& groups);

// pooled [C, D] of C captions and the labels [C, D] they are to stand for -> a scalar, float32: their mean squared
// distance over the labels' mean square. Captions that say no style are nearest to the mean of the styles.
at::Tensor teacher_loss(const at::Tensor& pooled, const at::Tensor& labels);

}  // namespace pixnerd::train
