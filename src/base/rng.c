#include "base/rng.h"

#include <math.h>
#include <string.h>

static void philox(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < 10; round++) {
        uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

dc3_rng dc3_rng_make(uint64_t seed, dc3_rng_purpose purpose, uint64_t item)
{
    dc3_rng rng = {.used = 4};
    /* The item takes two counter words; the purpose is mixed into the key by one Philox call. */
    uint32_t seed_key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint32_t from[4] = {(uint32_t)purpose, 0x64633364u, 0, 0}, mixed[4];
    philox(from, seed_key, mixed);
    rng.key[0] = mixed[0];
    rng.key[1] = mixed[1];
    rng.counter[2] = (uint32_t)item;
    rng.counter[3] = (uint32_t)(item >> 32);
    return rng;
}

uint32_t dc3_rng_u32(dc3_rng *rng)
{
    if (rng->used == 4) {
        philox(rng->counter, rng->key, rng->block);
        if (++rng->counter[0] == 0) rng->counter[1]++;
        rng->used = 0;
    }
    return rng->block[rng->used++];
}

double dc3_rng_uniform(dc3_rng *rng)
{
    uint64_t high = dc3_rng_u32(rng) >> 5, low = dc3_rng_u32(rng) >> 6;
    return (double)(high << 26 | low) * 0x1p-53;
}

uint64_t dc3_rng_below(dc3_rng *rng, uint64_t n)
{
    uint64_t limit = UINT64_MAX - UINT64_MAX % n, value;
    do {
        value = (uint64_t)dc3_rng_u32(rng) << 32;
        value |= dc3_rng_u32(rng);
    } while (value >= limit);
    return value % n;
}

void dc3_rng_normal(dc3_rng *rng, float *x, size_t n)
{
    for (size_t i = 0; i < n; i += 2) {
        double u = ((dc3_rng_u32(rng) >> 8) + 1) * 0x1p-24, v = (dc3_rng_u32(rng) >> 8) * 0x1p-24;
        double radius = sqrt(-2 * log(u)), angle = 6.283185307179586 * v;
        x[i] = (float)(radius * cos(angle));
        if (i + 1 < n) x[i + 1] = (float)(radius * sin(angle));
    }
}

uint64_t dc3_hash64(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++) hash = (hash ^ bytes[i]) * 0x100000001b3u;
    hash ^= hash >> 32;
    hash *= 0xd6e8feb86659fd93u;
    return hash ^ hash >> 32;
}

uint64_t dc3_hash_block(const void *data, size_t size)
{
    const unsigned char *bytes = data;
    uint64_t hash = 0x9E3779B97F4A7C15u, word;
    for (; size >= sizeof word; bytes += sizeof word, size -= sizeof word) {
        memcpy(&word, bytes, sizeof word);
        hash = (hash ^ word) * 0xD6E8FEB86659FD93u;
        hash ^= hash >> 32;
    }
    return hash ^ dc3_hash64(bytes, size);
}
