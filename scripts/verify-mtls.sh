#!/usr/bin/env bash
# mTLS on a living cluster: plaintext and other identities are refused.
set -euo pipefail
. "$(dirname "${BASH_SOURCE[0]}")/lib/probe.sh"
probe 3 "Tries plaintext from inside and outside the mesh, and mTLS under an identity that is not allowed." "$@"
