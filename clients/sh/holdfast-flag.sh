# Reopening files that were published anew: docs/reopen-protocol.md. Linux, a POSIX shell whose test has -ef (tried: dash, bash,
# BusyBox), and chmod, id, mkdir, realpath, rm, sha256sum, stat of coreutils. MIT license.
#
#     . ./holdfast-flag.sh
#     holdfast_flag_open 9 "$file" || exit   # the flag first, then the data; 9: a descriptor, 3 to 9, that is free
#     . "$file"
#     while serve_one_request; do
#       if holdfast_flag_stale 9; then       # starts no process
#         holdfast_flag_open 9 "$file" || exit
#         . "$file"
#       fi
#     done

# A directory that is this user's and nobody else may look into: holdfast_own_folder DIRECTORY [make]
holdfast_own_folder() {
  if [ "${2-}" ]; then mkdir -m 700 "$1" 2>/dev/null || :; fi
  # LC_ALL: what a directory is called is translated.
  case "$(LC_ALL=C stat -c '%F %u %a' "$1" 2>/dev/null)" in
  "directory $(id -u) "*00) return 0 ;;
  esac
  printf '%s\n' "holdfast: $1 is not a directory of this user alone" >&2
  return 1
}

# Where the flag of a file is: into $holdfast_path
holdfast_flag_path() {
  case ${XDG_RUNTIME_DIR-} in
  /*)
    holdfast_path=${XDG_RUNTIME_DIR%/}
    holdfast_own_folder "$holdfast_path" && holdfast_own_folder "$holdfast_path/holdfast" make || return
    holdfast_path=$holdfast_path/holdfast/v1
    ;;
  *)
    holdfast_path=/tmp/holdfast-$(id -u)
    holdfast_own_folder "$holdfast_path" make || return
    holdfast_path=$holdfast_path/v1
    ;;
  esac
  holdfast_own_folder "$holdfast_path" make || return
  # An x after it: a name may end in line feeds.
  holdfast_real=$(realpath -- "$1" && echo x) || return
  holdfast_real=${holdfast_real%??}
  holdfast_name=$(printf %s "$holdfast_real" | sha256sum) || return
  holdfast_path=$holdfast_path/${holdfast_name%% *}
}

# To be called before the data is opened, each time: holdfast_flag_open DESCRIPTOR FILE
# Not 0: there is no flag, and new versions will not be seen.
holdfast_flag_open() {
  eval "exec $1>&-"
  holdfast_flag_path "$2" || return
  eval "holdfast_flag_$1=\$holdfast_path"
  holdfast_tries=0
  while :; do
    [ ! -L "$holdfast_path" ] || return
    holdfast_mask=$(umask)
    umask 077
    # "command" keeps a refusal from ending the shell.
    eval "command exec $1<>\"\$holdfast_path\"" 2>/dev/null
    holdfast_opened=$?
    umask "$holdfast_mask"
    if [ "$holdfast_opened" -ne 0 ]; then
      printf '%s\n' "holdfast: $holdfast_path cannot be opened" >&2
      return 1
    fi
    # Sticky: whoever cleans the place of old files leaves it (XDG Base Directory Specification).
    chmod 1600 "/proc/self/fd/$1" || return
    # One that was raised and is not removed yet. If its writer has died over it, it is removed by whoever gets its lock.
    holdfast_flag_stale "$1" || return 0
    holdfast_tries=$((holdfast_tries + 1))
    [ "$holdfast_tries" -lt 9 ] || return 0
    if flock -n "$1" 2>/dev/null; then
      [ "$holdfast_path" -ef "/proc/self/fd/$1" ] && rm -f -- "$holdfast_path"
    fi
    eval "exec $1>&-"
  done
}

# 0: the path may lead to a newer version than what was opened after the flag: holdfast_flag_stale DESCRIPTOR
# A raised flag has a first byte, and soon after that no name.
holdfast_flag_stale() {
  eval "[ \"\$holdfast_flag_$1\" -ef /proc/self/fd/$1 ]" || return 0
  holdfast_byte=
  IFS= read -r holdfast_byte <"/proc/self/fd/$1"
  [ -n "$holdfast_byte" ]
}
