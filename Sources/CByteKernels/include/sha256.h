// The compression function of SHA-256 (FIPS 180-4), with the SHA instructions where the CPU has them.
#ifndef SHA256_H
#define SHA256_H

#include <stddef.h>
#include <stdint.h>

// Works `block_count` blocks of 64 bytes into `state`. `portable` not 0: without special instructions.
void sha256_blocks(uint32_t state[8], const uint8_t *bytes, size_t block_count, int portable);

// Whether sha256_blocks has special instructions to use here.
int sha256_is_accelerated(void);

#endif
