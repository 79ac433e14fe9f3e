#!/usr/bin/env bash
# Requests of every shape against a server that runs, generated from its own description: no 5xx, no
# answer that the description does not have, nothing taken that it forbids, nothing refused that it
# allows. Usage: benches/schemathesis.sh [EXAMPLES PER OPERATION]
set -euo pipefail
cd "$(dirname "$0")/.."
examples="${1:-50}"
target="${CARGO_TARGET_DIR:-target}"
undertone="$(realpath -m "$target")/release/undertone"
tool="$(realpath -m "$target")/schemathesis"
if [ ! -x "$tool/bin/schemathesis" ]; then
    python3 -m venv "$tool"
    "$tool/bin/pip" install --quiet "schemathesis==4.32.5"
fi

work="$(mktemp -d)"
server=""
stop() {
    [ -z "$server" ] || kill "$server" 2>/dev/null || true
    [ -z "$server" ] || wait "$server" 2>/dev/null || true
    rm -rf "$work"
}
trap stop EXIT

cat >"$work/undertone.toml" <<END
[server]
listen = "127.0.0.1:0"
notice = "A machine listens."
max_calls = 100000
rate_per_s = 1000000
rate_burst = 1000000

[store]
path = "$work/undertone.db"
END
"$undertone" token schemathesis >>"$work/undertone.toml" 2>"$work/token"
"$undertone" serve --config "$work/undertone.toml" --log-filter warn 2>"$work/log" &
server=$!
for _ in $(seq 100); do
    base="$(sed -n 's/^undertone: listening on //p' "$work/log")"
    [ -z "$base" ] || break
    sleep 0.1
done
[ -n "${base:-}" ] || { cat "$work/log"; exit 1; }

# WebSockets and streams of events never end by themselves.
run() {
    local name="$1"
    shift
    # It keeps what it found in the folder that it runs in.
    (cd "$work" && "$tool/bin/schemathesis" --config-file "$name.toml" run "$base/openapi.json" \
        --header "Authorization: Bearer $(cat token)" "$@" \
        --max-examples "$examples" --seed 1 --continue-on-failure --no-color) || status=$?
}

# First names of calls of every shape, most of them unknown. `end_s` before `start_s` is the one rule
# that JSON Schema cannot say, so 422 is an answer to what else is valid there.
cat >"$work/any.toml" <<'END'
[[operations]]
include-operation-id = "tellDialogue"
checks.positive_data_acceptance.expected-statuses = ["2xx", "404", "409", "422"]
END
run any --exclude-path-regex '(events|/ws|/audio)$'

# Then one call that is open and on its way to a human, so that what is said of it is taken. A stage
# that does not follow on the one before is refused with 409.
ask() { curl -sSf -o /dev/null -H "Authorization: Bearer $(cat "$work/token")" -H 'Content-Type: application/json' "$@"; }
ask -d '{"type": "turn", "speaker": "caller", "text": "get me a human"}' "$base/v1/calls/known/dialogue"
cat >"$work/known.toml" <<'END'
[parameters]
"path.id" = "known"

[checks.positive_data_acceptance]
expected-statuses = ["2xx", "404", "409", "422"]
END
run known --include-path-regex '^/v1/calls/\{id\}/' --exclude-path-regex '(events|/ws|/audio|/close)$'

# It lived through it, and ends gently.
kill -TERM "$server"
if wait "$server"; then ended=0; else ended=$?; fi
server=""
[ "$ended" -eq 0 ] || { echo "the server ended with $ended"; cat "$work/log"; exit 1; }
if grep -i panic "$work/log"; then exit 1; fi
exit "${status:-0}"
