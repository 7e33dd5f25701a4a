# As ../c/flag-reader.c, with the client for shells; that is the first argument.
. "$1"
data=$2 floor_file=$3 last=$4 seed=$5 tell=${6-}
checks=0 reopens=0 torn=0 stale=0

read_data() {
  held=
  lines=0
  while IFS= read -r line; do
    lines=$((lines + 1))
    held=${held:-$line}
    [ "$line" = "$held" ] || torn=$((torn + 1))
  done <"$data"
  [ "$lines" -eq 50 ] || torn=$((torn + 1))
}

holdfast_flag_open 9 "$data" || exit
read_data
echo READY
while [ "$held" -lt "$last" ]; do
  [ -z "$tell" ] || sleep 0.01
  read -r floor <"$floor_file"
  checks=$((checks + 1))
  if holdfast_flag_stale 9 || [ $((seed % 2 * (checks % 1000 + 1))) -eq 1 ]; then
    holdfast_flag_open 9 "$data" || exit
    read_data
    reopens=$((reopens + 1))
    [ -z "$tell" ] || echo "$held"
  fi
  [ "$held" -ge "$floor" ] || stale=$((stale + 1))
done
echo "$checks $reopens $torn $stale"
