# What the three scripts have in common: they name their tests of `zta probe` and hand everything else on.
# shellcheck shell=bash

usage() { # SUMMARY
  cat <<USAGE
Usage: $(basename "$0") --posture FILE [--kubeconfig FILE] [--tap | --junit | --json] [OPTION OF zta probe ...]

$1

  --tap, --junit, --json   print TAP, JUnit XML or JSON instead of text
  -h, --help               print this

Of zta probe most are of use: --namespace NS (where strangers run), --image IMAGE, --time-limit SECONDS, --dry-run, and
--audit-log FILE; zta probe --help lists all. A pipeline step, for instance:

  $(basename "$0") --posture posture.yaml --kubeconfig ci.kubeconfig --junit >report.xml

Exit codes: 0 all tests passed, 1 a test failed, 2 wrong usage or no cluster, 3 something could not be decided.
The command is java -jar zta-verify/target/zta.jar of this repository, or what the variable ZTA holds.
USAGE
}

probe() { # TESTS SUMMARY ARGUMENTS...
  local tests=$1 summary=$2 here jar posture=no
  shift 2
  local given=()
  while [ $# -gt 0 ]; do
    case $1 in
      -h | --help)
        usage "$summary"
        return 0
        ;;
      --tap | --junit | --json) given+=(-o "${1#--}") ;;
      *)
        case $1 in
          --posture | --posture=*) posture=yes ;;
          --test | --test=* | --attacks)
            echo "$(basename "$0"): it has its tests chosen; for others run zta probe." >&2
            return 2
            ;;
        esac
        given+=("$1")
        ;;
    esac
    shift
  done
  if [ "$posture" = no ]; then
    echo "$(basename "$0"): name the posture with --posture FILE; --help tells more." >&2
    return 2
  fi
  if [ -n "${ZTA:-}" ]; then
    # Split on purpose: it may be a command with arguments.
    # shellcheck disable=SC2086
    $ZTA probe --test "$tests" "${given[@]}"
    return
  fi
  here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
  jar=$here/zta-verify/target/zta.jar
  if [ ! -f "$jar" ]; then
    echo "$(basename "$0"): there is no $jar. Build it with mvn -q -DskipTests package, or set ZTA to the command." >&2
    return 2
  fi
  java -jar "$jar" probe --test "$tests" "${given[@]}"
}
