#!/usr/bin/env bash
# Ways into containers on a living cluster: refused, and recorded.
set -euo pipefail
# shellcheck source-path=SCRIPTDIR source=lib/probe.sh
. "$(dirname "${BASH_SOURCE[0]}")/lib/probe.sh"
probe 2,5 "Asks for exec, attach, port-forward, proxies and ephemeral containers as each named subject, and looks for the attempts in the audit log." "$@"
