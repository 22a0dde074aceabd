#ifndef CRC32_KERNEL_H
#define CRC32_KERNEL_H

#include <stddef.h>
#include <stdint.h>

/// CRC-32 with the polynomial of zlib, gzip and Parquet (0x04C11DB7, bits reflected).
///
/// `seed` is the checksum of the bytes before `bytes`, 0 at the start, so that checksums can be continued.
/// Folds 64 bytes a step with carry-less multiplication where the processor has it, else 16 bytes by table.
uint32_t dipper_crc32(uint32_t seed, const uint8_t *bytes, size_t count);

/// The portable variant, for tests that compare the two.
uint32_t dipper_crc32_portable(uint32_t seed, const uint8_t *bytes, size_t count);

#endif
