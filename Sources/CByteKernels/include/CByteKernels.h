#ifndef CBYTEKERNELS_H
#define CBYTEKERNELS_H

#include "crc32_kernel.h"

#endif
