#ifndef PLUGINS_HASH_MEMORY_H
#define PLUGINS_HASH_MEMORY_H

#ifdef AUTHD_PLUGIN_STATIC
/* Linked statically there is no libsodium of our own to wrap: no memory is kept. */
static inline void hash_memory_wipe(void)
{
}
static inline void hash_memory_release(void)
{
}
#else
/* Wipes all that earlier hashes of this thread left in its region. */
void hash_memory_wipe(void);
/* The same, and gives the region back to the system. */
void hash_memory_release(void);
#endif

#endif
