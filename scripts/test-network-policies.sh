#!/usr/bin/env bash
# Network policies on a living cluster: strangers are shut out, the gateway gets in.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib/probe.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/probe.sh"
probe 1,4 "Tries direct connections to protected ports from pods that must not get through, and a request through the gateway that must." "$@"
