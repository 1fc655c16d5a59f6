#ifndef PLUGINS_HASH_MEMORY_H
#define PLUGINS_HASH_MEMORY_H

#ifdef AUTHD_PLUGIN_STATIC
/* A statically linked plugin has no libsodium of its own to wrap: no memory is kept. */
static inline void hash_memory_wipe(void)
{
}
static inline void hash_memory_release(void)
{
}
#else
/* Wipes everything that earlier hashes left in the calling thread's region. */
void hash_memory_wipe(void);
/* Wipes the calling thread's region and returns its memory to the system. */
void hash_memory_release(void);
#endif

#endif
