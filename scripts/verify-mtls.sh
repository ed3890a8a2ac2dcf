#!/usr/bin/env bash
# mTLS on a living cluster: plaintext and other identities are refused.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib/probe.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/probe.sh"
probe 3 "Tries plaintext from inside and outside the mesh, and mTLS under an identity that is not allowed." "$@"
