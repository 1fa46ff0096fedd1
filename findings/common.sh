# Sourced by the scripts beside it: a temporary folder that goes when the script
# ends, pinned packages in it, and the comparison with what was seen.
set -euo pipefail
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
mkdir "$folder/work"
cd "$folder/work"

# python_packages NAME==VERSION ... makes `python` the interpreter that has them.
python_packages() {
  python3 -m venv venv
  venv/bin/pip install --quiet --disable-pip-version-check "$@"
  PATH="$folder/work/venv/bin:$PATH"
}

# go_packages MODULE@VERSION ... makes the folder, which has a main.go by then, a Go
# module that has them.
go_packages() {
  export GOMODCACHE="$folder/modules" GOFLAGS=-modcacherw
  go mod init finding 2>/dev/null
  go get "$@" 2>/dev/null
  go mod tidy 2>/dev/null
}

# same reads what a program printed from its input and fails unless it is the
# text given.
same() {
  local seen
  seen=$(cat)
  if [ "$seen" != "$1" ]; then
    printf 'The behaviour has changed. Seen before:\n%s\nSeen now:\n%s\n' "$1" "$seen"
    exit 1
  fi
  printf '%s\nas described\n' "$seen"
}
