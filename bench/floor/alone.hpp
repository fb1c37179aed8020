// A chapter that runs in one process of its own: this program's first process calls no driver.
#pragma once

#include <functional>

#include "chapter.hpp"

namespace bench {

// What `work` gives, or throws. Of the chapter only table, figures and `whole` come back.
Chapter run_alone(const std::function<Chapter()>& work);

}  // namespace bench
