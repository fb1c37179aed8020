// GNUstep's headers ask for this one where blocks are on; libBlocksRuntime has what it would declare in <Block.h>.
#pragma once
#include <Block.h>
