// What Swift sees of the C kernels: one line a header.
#ifndef C_BYTE_KERNELS_H
#define C_BYTE_KERNELS_H

#include "crc32_kernel.h"
#include "csv_scan.h"
#include "sha256.h"
#include "utf8_scan.h"

#endif
