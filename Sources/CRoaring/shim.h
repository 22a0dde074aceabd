#ifndef DIPPER_CROARING_SHIM_H
#define DIPPER_CROARING_SHIM_H
#include <roaring/roaring.h>
#endif
