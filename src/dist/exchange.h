// Tensors that are shared out by a layout (layout.h), made whole again.
#pragma once

#include <ATen/core/Tensor.h>

#include <memory>
#include <vector>

#include "dist/group.h"
#include "dist/layout.h"

namespace pixnerd::dist {

// `own`: a flat tensor for each slice of this rank (Layout::slices(rank)), on the group's device. `whole`: all tensors
// of the layout, flat, into which everything is written: on every rank by make_whole(), on rank 0 alone by
// collect(), whose other ranks may give none. Both are collective.
void make_whole(const Group& group, const Layout& layout, const std::vector<at::Tensor>& own,
                const std::vector<at::Tensor>& whole);
void collect(const Group& group, const Layout& layout, const std::vector<at::Tensor>& own,
             const std::vector<at::Tensor>& whole);

}  // namespace pixnerd::dist
