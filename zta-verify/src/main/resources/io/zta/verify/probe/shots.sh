# Asks every question of $SHOTS on fresh connections until $CONFIRM equal answers came in a row and are as wanted, or
# $SETTLE seconds are over. Results go to the termination message, one line each: id, open|closed|unsettled, answer.
# Needs agnhost and the usual small tools.
ask() {
  case $2 in
  TCP)
    if said=$(agnhost connect "$3:$4" --timeout="${WAIT}s" --protocol=tcp 2>&1); then echo open; else
      said=${said%%[!A-Z]*}
      echo "${said:-FAILED}"
    fi ;;
  HTTP)
    vhost=$7
    [ "$vhost" != - ] || vhost=$3
    bearer=
    [ "$8" = - ] || bearer="Authorization: Bearer $(cat "/tokens/$8")
"
    status=$({
      printf 'GET %s HTTP/1.1\n%s%s\n%sConnection: close\n\n' "$6" "Host: " "$vhost" "$bearer" | sed 's/$/\r/'
      sleep 1
    } | nc -w "$WAIT" "$3" "$4" 2>/dev/null | head -n 1 | cut -d ' ' -f 2)
    echo "${status:-none}" ;;
  NAMES) # the identities that a sidecar's own administration names
    names=$({
      printf 'GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' "$6"
      sleep 1
    } | nc -w "$WAIT" "$3" "$4" 2>/dev/null | grep -o 'spiffe://[^"]*' | sort -u | head -n 3 | tr '\n' ',')
    names=${names%,}
    echo "${names:-none}" ;;
  esac
}
settle() {
  end=$(($(date +%s) + SETTLE)) last='' equal=0
  while :; do
    got=$(ask "$@")
    case $got in
    open) class=OPEN ;;
    401 | 403 | 502 | 503 | 504 | none | [A-Z]*) class=CLOSED ;;
    *) class=OPEN ;;
    esac
    if [ "$class" = "$last" ]; then equal=$((equal + 1)); else equal=1; fi
    last=$class
    if [ "$equal" -ge "$CONFIRM" ] && { [ "$class" = "$5" ] || [ "$(date +%s)" -ge "$end" ]; }; then
      echo "$1 $class $got"
      return
    fi
    if [ "$(date +%s)" -ge $((end + 15)) ]; then
      echo "$1 UNSETTLED $got"
      return
    fi
    sleep 0.2
  done
}
number=0
while read -r line; do
  [ -n "$line" ] || continue
  number=$((number + 1))
  # shellcheck disable=SC2086  # the words of a line are the arguments
  settle $line >"/answers/$number" &
done <<END
$SHOTS
END
wait
cat /answers/* >/dev/termination-log
