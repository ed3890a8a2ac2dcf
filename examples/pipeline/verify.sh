#!/usr/bin/env bash
# verify.sh: the pipeline step. Verifies a posture against a directory of manifests and leaves three reports behind.
#
#   ZTA_JAR=path/to/zta.jar ./verify.sh POSTURE MANIFESTS [REPORTS]
#
# POSTURE    the posture's YAML or JSON file
# MANIFESTS  a directory (or file) of manifests: what the pipeline is about to deploy, with the cluster's own
# REPORTS    where reports are written; "zta-reports" unless given
#
# Writes report.sarif (code scanning), report.xml (JUnit, for test views) and report.md (for a comment). Exits as the
# command does: 0 all proven, 1 something violated, 3 something unknown, 2 wrong use. ZTA_ALLOW_UNKNOWN=1 turns 3 into 0.
set -euo pipefail
if [ $# -lt 2 ] || [ "$1" = --help ]; then
  sed -n '2,12s/^# \{0,1\}//p' "$0"
  exit 2
fi
posture=$1 manifests=$2 reports=${3:-zta-reports}
jar=${ZTA_JAR:?set ZTA_JAR to the path of zta.jar}
mkdir -p "$reports"
status=0
for format in sarif junit markdown; do
  case $format in sarif) file=report.sarif ;; junit) file=report.xml ;; markdown) file=report.md ;; esac
  status=0
  java -jar "$jar" verify --posture "$posture" --snapshot "$manifests" -o "$format" >"$reports/$file" || status=$?
  [ "$status" != 2 ] || exit 2
done
java -jar "$jar" verify --posture "$posture" --snapshot "$manifests" || true
if [ "$status" = 3 ] && [ "${ZTA_ALLOW_UNKNOWN:-}" = 1 ]; then
  echo "Unknown verdicts are let through by ZTA_ALLOW_UNKNOWN." >&2
  status=0
fi
exit "$status"
