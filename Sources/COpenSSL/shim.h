// Digests of OpenSSL.
#include <openssl/evp.h>
