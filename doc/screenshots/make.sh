#!/bin/sh
# Makes the pictures in doc/ from the quick run of benchmarks/cifar, which takes a few minutes, and
# tests in a browser what the run leaves: its report is read and gone through by keyboard, wide and
# at phone width, and its dashboard has to change by itself. Needs go, tmux, node 20 and chromium.
set -eu
cd "$(dirname "$0")/../.."
doc=$PWD/doc
work=$(mktemp -d)
tmux="tmux -L autodropout-screenshots"
trap '$tmux kill-server 2>/dev/null || true; rm -rf "$work"' EXIT

go build -o "$work/cifar" ./benchmarks/cifar
cat > "$work/start.sh" <<'END'
clear
echo '$ go run ./benchmarks/cifar -dashboard :8080'
./cifar -data synthetic -out run -dashboard :0
touch ended
exec sleep 1000
END
(cd "$work" && $tmux new-session -d -x 100 -y 30 "sh start.sh")

screen() { $tmux capture-pane -p "$@"; }
until url=$(screen | grep -o 'http://127[^ ]*'); do sleep 0.2; done
node "$doc/screenshots/browser.mjs" live "$url/"
until screen | grep -q 'AutoDropout, search .* [3-9] of [0-9]* trials'; do sleep 0.2; done
screen -e > "$work/terminal.txt"
node "$doc/screenshots/browser.mjs" terminal "$work/terminal.txt" "$doc/terminal.png"
until [ -e "$work/ended" ]; do sleep 1; done

node "$doc/screenshots/browser.mjs" test "$work/run/report.html"
node "$doc/screenshots/browser.mjs" pictures "$work/run/report.html" "$doc"
