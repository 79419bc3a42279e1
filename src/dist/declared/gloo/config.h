// LibTorch carries Gloo inside, but not its headers, which its own ProcessGroupGloo.hpp names. These declare the types
// that that header mentions by name and nothing more: none of them is made, called or laid out here.
#pragma once
